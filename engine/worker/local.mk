WORKER_SOURCES = \
	engine/worker/check_child.c engine/worker/check_child.h \
	engine/worker/job.c engine/worker/job.h \
	engine/worker/main.c \
	engine/worker/sandbox.c engine/worker/sandbox.h \
	engine/worker/sandbox_leaf.c \
	engine/worker/step_apply.c \
	engine/worker/step_diff.c \
	engine/worker/step_layers.c \
	engine/worker/step_package.c \
	engine/worker/step_past.c \
	engine/worker/step_project.c \
	engine/worker/step_settle.c \
	engine/worker/steps.c
