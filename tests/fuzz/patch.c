/* Whatever can be read as a project can be patched, and what comes of it can be read: with the layers that are in the package, and no other. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/package/patch.h"
#include "tests/fuzz/fuzz.h"

static char folder[] = "/tmp/fp-fuzz-patch-XXXXXX";
static char *before, *after;

static void remove_folder(void)
{
	fp_fs_remove_tree(folder, NULL);
	free(before);
	free(after);
}

static void write_project(const uint8_t *data, size_t size)
{
	int fd;

	if (!before) {
		fp_assert(mkdtemp(folder));
		before = fp_path_join(folder, "project.qgs");
		after = fp_path_join(folder, "packaged.qgs");
		atexit(remove_folder);
	}
	fd = open(before, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	fp_assert(fd >= 0);
	fp_assert(write(fd, data, size) == (ssize_t)size);
	fp_assert(close(fd) == 0);
}

/* Every action in turn, beginning with whatever the first layer's name says. */
static void decide(struct fp_package *p)
{
	size_t first = p->n_layers ? strlen(p->layers[0].def->name) : 0;

	p->tables = fp_alloc(sizeof *p->tables);
	p->n_tables = 1;
	p->tables[0] = (struct fp_pack_table){.name = fp_strdup("t"), .local_key = fp_strdup("fid_1"), .fields = fp_alloc(2 * sizeof(struct fp_pack_field))};
	p->tables[0].fields[0] = (struct fp_pack_field){.name = fp_strdup("fid"), .has_default = 1, .not_null = 1, .unique = 1};
	p->tables[0].fields[1] = (struct fp_pack_field){.name = fp_strdup("name"), .not_null = 1};
	p->tables[0].n_fields = 2;
	for (size_t i = 0; i < p->n_layers; i++) {
		struct fp_pack_layer *l = &p->layers[i];
		l->action = (enum fp_pack_action)((first + i) % (FP_PACK_OFFLINE + 1));
		if (l->action == FP_PACK_OFFLINE) {
			l->table = 0;
			l->provider = fp_strdup("ogr");
			l->datasource = fp_strdup("./data.gpkg|layername=t");
		} else if (l->action == FP_PACK_COPY) {
			l->datasource = fp_strdup("./<copy> & \"more\".gpkg");
			l->read_only = 1;
		} else if (l->action == FP_PACK_ONLINE) {
			l->pk = fp_strdup("a&b");
		}
	}
	json_object_set_new(p->replaced, "x", json_string("y"));
}

/* Layers that the packaged project still takes from another one are not known by what was decided here. */
static void packaged_holds(const struct fp_package *p)
{
	struct fp_project *project = NULL;
	struct fp_error err = {0};
	enum fp_status st = fp_project_open_below(&project, after, NULL, &err);

	fp_assert(st == FP_OK);
	for (size_t i = 0; i < p->n_layers; i++) {
		const struct fp_pack_layer *l = &p->layers[i];
		const struct fp_layer_def *now = fp_project_layer(project, l->def->id);
		int numbered = strlen(l->def->id) <= 16; /* ids of up to 10 characters, and what was added to them */
		fp_assert(numbered || l->action != FP_PACK_REMOVE || !now || now->from);
		fp_assert(numbered || l->action == FP_PACK_REMOVE || (now && (!l->datasource || now->from || strcmp(now->datasource, l->datasource) == 0)));
	}
	fp_project_free(project);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fp_project *project = NULL;
	struct fp_package *p;
	struct fp_error err = {0};

	write_project(data, size);
	if (fp_project_open_below(&project, before, NULL, &err) != FP_OK)
		return 0;
	if (fp_package_new(&p, project, folder, folder, &err) == FP_OK) {
		enum fp_status st;
		decide(p);
		st = fp_patch_write(p, after, &err);
		fuzz_error_holds(st, &err);
		fp_assert(st == FP_OK);
		packaged_holds(p);
		fp_package_free(p);
	}
	fp_project_free(project);
	return 0;
}
