"""From run records to leaderboards, ablation tables, statistics and pages."""
