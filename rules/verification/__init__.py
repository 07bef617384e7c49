"""What is asked of a pathway before anyone relies on it: what it cannot say, and what no patient reaches."""
