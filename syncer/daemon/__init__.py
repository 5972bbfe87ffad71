"""`syncer daemon`: runs pipelines by their schedules and when somebody asks, for as long as it is let."""
