"""What durable-rules gets wrong, asked of an engine whose joins it makes; and that its answers are the native ones."""
