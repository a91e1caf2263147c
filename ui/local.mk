UI_SOURCES = \
	ui/actions.c ui/actions.h \
	ui/app.c ui/app.h \
	ui/ask.c \
	ui/console.c ui/console.h \
	ui/draw.c ui/draw.h \
	ui/explain.c ui/explain.h \
	ui/export.c \
	ui/format.c ui/format.h \
	ui/goto.c \
	ui/job_text.c ui/job_text.h \
	ui/keys.c ui/keys.h \
	ui/listing.c \
	ui/marks.c ui/marks.h \
	ui/menu.c \
	ui/modal.c ui/modal.h ui/modal_parts.h \
	ui/navigate.c \
	ui/package_get.c ui/package_get.h \
	ui/package_text.c ui/package_text.h \
	ui/paint.c \
	ui/project_acts.c ui/project_acts.h \
	ui/project_problems.c ui/project_problems.h \
	ui/prompt.c \
	ui/restage.c \
	ui/rows.c ui/rows.h \
	ui/script.c ui/script.h \
	ui/secret_acts.c ui/secret_acts.h \
	ui/shape_map.c ui/shape_map.h \
	ui/staging.c ui/staging.h \
	ui/table.c \
	ui/term.c ui/term.h \
	ui/view.c ui/view.h \
	ui/view_activity.c \
	ui/view_change.c \
	ui/view_changes.c \
	ui/view_conflict.c \
	ui/view_difference.c \
	ui/view_files.c \
	ui/view_help.c \
	ui/view_history.c \
	ui/view_job.c \
	ui/view_jobs.c \
	ui/view_layer.c \
	ui/view_layers.c \
	ui/view_package.c \
	ui/view_package_compare.c \
	ui/view_package_layer.c \
	ui/view_packages.c \
	ui/view_plan.c \
	ui/view_problems.c \
	ui/view_project.c \
	ui/view_projects.c \
	ui/view_secrets.c \
	ui/views.h \
	ui/view_versions.c \
	ui/wrap.c ui/wrap.h
