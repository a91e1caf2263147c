SRC_SOURCES = \
	src/change_plan.c src/change_plan.h \
	src/change_rows.c src/change_rows.h \
	src/cmd_apply.c \
	src/cmd_change.c \
	src/cmd_change_act.c \
	src/cmd_change_decide.c \
	src/cmd_change_export.c \
	src/cmd_change_faulty.c \
	src/cmd_change_import.c \
	src/cmd_change_history.c \
	src/cmd_change_undo.c \
	src/cmd_check.c \
	src/cmd_completion.c \
	src/cmd_console.c \
	src/cmd_doctor.c \
	src/cmd_engine.c \
	src/cmd_file.c \
	src/cmd_file_diff.c \
	src/cmd_help.c \
	src/cmd_home.c \
	src/cmd_job.c \
	src/cmd_layers.c \
	src/cmd_package.c \
	src/cmd_package_get.c \
	src/cmd_package_plain.c \
	src/cmd_project.c \
	src/cmd_secret.c \
	src/command.c src/command.h \
	src/commands.c src/commands.h \
	src/interrupt.c src/interrupt.h \
	src/layer_explain.c src/layer_explain.h \
	src/layer_reports.c src/layer_reports.h \
	src/layer_table.c src/layer_table.h \
	src/listing.c src/listing.h \
	src/main.c \
	src/outcome.c src/outcome.h \
	src/output.c src/output.h \
	src/package_rows.c src/package_rows.h \
	src/plain.c src/plain.h \
	src/progress_line.c src/progress_line.h \
	src/save_file.c src/save_file.h \
	src/secret_input.c src/secret_input.h \
	src/selection.c src/selection.h
