"""Movies, deep stacks and series: many frames, few pixels."""
