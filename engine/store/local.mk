STORE_SOURCES = \
	engine/store/activity.c engine/store/activity.h \
	engine/store/attachments.c engine/store/attachments.h \
	engine/store/change_list.c engine/store/change_list.h \
	engine/store/changes.c engine/store/changes.h \
	engine/store/check.c engine/store/check.h \
	engine/store/checks.c engine/store/checks.h \
	engine/store/db.c engine/store/db.h \
	engine/store/faulty.c engine/store/faulty.h \
	engine/store/files.c engine/store/files.h \
	engine/store/filter.c engine/store/filter.h \
	engine/store/gate.c \
	engine/store/history.c engine/store/history.h \
	engine/store/jobs.c engine/store/jobs.h \
	engine/store/layers.c \
	engine/store/list.c engine/store/list.h \
	engine/store/migrate.c \
	engine/store/freshness.c \
	engine/store/packages.c engine/store/packages.h \
	engine/store/package_compare.c \
	engine/store/package_copy.c engine/store/package_copy.h \
	engine/store/package_folder.c engine/store/package_folder.h \
	engine/store/projects.c engine/store/projects.h \
	engine/store/push.c \
	engine/store/secret_key.c engine/store/secret_key.h \
	engine/store/secret_names.c \
	engine/store/secrets.c engine/store/secrets.h \
	engine/store/stage.c engine/store/stage.h \
	engine/store/store.c engine/store/store.h \
	engine/store/tx.c
