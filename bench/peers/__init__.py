"""Other ways to the same answers, as the people who would choose them write them; `bench.reads` measures them."""
