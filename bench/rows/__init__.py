"""What is measured, one file a question. Each gives figures; `bench.dispatch` orders them."""
