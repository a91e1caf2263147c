# the model, for everybody
CHANGES_SOURCES = \
	engine/changes/deltafile.c engine/changes/deltafile.h \
	engine/changes/schema.c engine/changes/schema.h
# applying, for the worker
CHANGES_WORKER_SOURCES =
