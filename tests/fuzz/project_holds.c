#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/project/project.h"
#include "engine/project/reader.h"
#include "tests/fuzz/fuzz.h"

static char folder[] = "/tmp/fp-fuzz-XXXXXX";
static char *path;
static int file = -1;

static void remove_folder(void)
{
	fp_fs_remove_tree(folder, NULL);
	free(path);
}

/* The project can embed itself by this name: that reaches the code for embedded projects without a second file. */
static void write_project(const uint8_t *data, size_t size, const char *name)
{
	if (file < 0) {
		fp_assert(mkdtemp(folder));
		path = fp_path_join(folder, name);
		atexit(remove_folder);
		file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		fp_assert(file >= 0);
	}
	fp_assert(pwrite(file, data, size, 0) == (ssize_t)size);
	fp_assert(ftruncate(file, (off_t)size) == 0);
}

static void text_holds(const char *text)
{
	fp_assert(text && fp_text_valid(text, strlen(text)));
}

static void texts_hold(const struct fp_strv *v)
{
	for (size_t i = 0; i < v->n; i++)
		text_holds(v->items[i]);
}

static void layer_holds(const struct fp_layer_def *l)
{
	text_holds(l->id);
	text_holds(l->name);
	text_holds(l->type);
	text_holds(l->encoding);
	text_holds(l->datasource);
	text_holds(l->crs);
	text_holds(l->wkb_type);
	text_holds(l->geometry);
	fp_assert(l->home && strcmp(l->home, folder) == 0);
	texts_hold(&l->joined_fields);
	for (size_t i = 0; i < l->n_fields; i++)
		text_holds(l->fields[i].name);
	if (l->provider)
		text_holds(l->provider);
	fuzz_source_holds(l->datasource);
}

static void facts_hold(const struct fp_project *p)
{
	text_holds(p->title);
	text_holds(p->crs);
	text_holds(p->qgis_version);
	texts_hold(&p->attachment_dirs);
	texts_hold(&p->notes);
	fp_assert(p->attachment_dirs.n >= 1);
	fp_assert(strncasecmp(p->crs, "USER:", 5) != 0);
	fp_assert(p->background_color[0] == '#' && strspn(p->background_color + 1, "0123456789abcdef") == 6 && !p->background_color[7]);
	fp_assert(!p->has_extent || fp_reader_extent_valid(p->extent));
}

void fuzz_project_holds(const uint8_t *data, size_t size, const char *name)
{
	struct fp_project *p = NULL;
	struct fp_error err = {0};
	enum fp_status st;

	write_project(data, size, name);
	st = fp_project_open_below(&p, path, NULL, &err);
	fuzz_error_holds(st, &err);
	if (st != FP_OK) {
		fp_assert(st == FP_E_INVALID); /* the file is there and can be read: only its content can be wrong */
		return;
	}
	facts_hold(p);
	fp_assert(p->n_layers <= FP_LAYERS_MAX);
	for (size_t i = 0; i < p->n_layers; i++) {
		layer_holds(&p->layers[i]);
		fp_assert(i == 0 || strcmp(p->layers[i - 1].id, p->layers[i].id) < 0);
		fp_assert(fp_project_layer(p, p->layers[i].id) == &p->layers[i]);
	}
	fp_project_free(p);
}
