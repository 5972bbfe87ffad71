"""Speed as ratios: peers and floors in one interleaved run, on rows made with Faker in 20 locales."""
