"""What a report's tables are before they have a form: which columns, which digits, what stands below."""
