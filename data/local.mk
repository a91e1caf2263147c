DATA_FILES = \
	data/config.yaml \
	data/schema/001_store.sql \
	data/systemd/fieldpost-engine.service \
	data/workflows/delta_apply.yaml \
	data/workflows/process_projectfile.yaml
