"""Moving in from elsewhere: users from CSV, and tokens of Request Tracker. Good lines go in, bad ones are reported."""
