DATA_FILES = \
	data/config.yaml \
	data/sample/monday.deltas.json \
	data/sample/project/base/height.tif \
	data/sample/project/base/paths.dbf \
	data/sample/project/base/paths.prj \
	data/sample/project/base/paths.shp \
	data/sample/project/base/paths.shx \
	data/sample/project/inspectors.csv \
	data/sample/project/survey.gpkg \
	data/sample/project/trees.qgs \
	data/remedies.yaml \
	data/schema/001_store.sql \
	data/schema/002_secrets.sql \
	data/schema/003_checks.sql \
	data/schema/004_changes.sql \
	data/schema/005_search.sql \
	data/schema/006_packages.sql \
	data/systemd/fieldpost-engine.service \
	data/workflows/delta_apply.yaml \
	data/workflows/feature_past.yaml \
	data/workflows/file_diff.yaml \
	data/workflows/package.yaml \
	data/workflows/plan.yaml \
	data/workflows/process_projectfile.yaml \
	data/workflows/settle.yaml
