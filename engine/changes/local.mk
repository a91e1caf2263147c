# the model, for everybody
CHANGES_SOURCES =
# applying, for the worker
CHANGES_WORKER_SOURCES =
