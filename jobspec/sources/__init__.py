"""Where a job's rows come from: one module a format, all of one shape (`source.Source`)."""
