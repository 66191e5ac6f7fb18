"""Many tasks on Cloud Run: how an execution is ordered and followed, what it takes and costs."""
