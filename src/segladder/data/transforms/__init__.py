"""What happens to an image between its file and the network, as a function of one seed per sample."""
