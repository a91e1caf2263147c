#include "tests/patch_fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

#include "engine/base/fs.h"
#include "engine/base/path.h"

static char dir[64];

void package_setup(void)
{
	strcpy(dir, "/tmp/fp-patch-XXXXXX");
	cr_assert(mkdtemp(dir));
}

void package_teardown(void)
{
	fp_fs_remove_tree(dir, NULL);
}

char *at(const char *name)
{
	return fp_path_join(dir, name);
}

void put(const char *name, const void *bytes, size_t n)
{
	char *path = at(name), *folder = fp_path_dir(path);

	cr_assert_eq(fp_fs_mkdirs(folder, NULL), FP_OK);
	cr_assert_eq(fp_fs_write_atomic(path, bytes, n, NULL), FP_OK);
	free(folder);
	free(path);
}

char *output, *scratch;
static struct fp_project *project;

struct fp_package *package_of(const char *name)
{
	char *path = at(name), *root = at("in");
	struct fp_package *p = NULL;
	struct fp_error err = {0};

	output = at("out");
	scratch = at("scratch");
	cr_assert_eq(fp_fs_mkdirs(output, NULL), FP_OK);
	cr_assert_eq(fp_fs_mkdirs(scratch, NULL), FP_OK);
	cr_assert_eq(fp_project_open_below(&project, path, root, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_package_new(&p, project, output, scratch, &err), FP_OK, "%s", err.msg);
	for (size_t i = 0; i < p->n_layers; i++)
		p->layers[i].action = FP_PACK_UNTOUCHED;
	free(path);
	free(root);
	return p;
}

struct fp_package *package_of_text(const char *xml)
{
	put("in/p.qgs", xml, strlen(xml));
	return package_of("in/p.qgs");
}

void done(struct fp_package *p)
{
	fp_package_free(p);
	fp_project_free(project);
	free(output);
	free(scratch);
}

void packaged(struct fp_package *p)
{
	struct fp_error err = {0};

	cr_assert_eq(fp_package_project(p, &err), FP_OK, "%s", err.msg);
}

char *member(const char *file, const char *name)
{
	char *path = fp_path_join(output, file), *text;
	zip_t *z = zip_open(path, ZIP_RDONLY, NULL);
	zip_stat_t s;
	zip_file_t *f;

	cr_assert(z, "%s", path);
	free(path);
	if (zip_stat(z, name, 0, &s) != 0) {
		zip_discard(z);
		return NULL;
	}
	text = fp_alloc(s.size + 1);
	f = zip_fopen(z, name, 0);
	cr_assert(f);
	cr_assert_eq(zip_fread(f, text, s.size), (zip_int64_t)s.size);
	zip_fclose(f);
	zip_discard(z);
	return text;
}
