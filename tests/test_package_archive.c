/* The archive that the packaged project lies in: what goes along, what is told when it cannot be written. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zip.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "tests/patch_fixture.h"

TestSuite(package_archive, .timeout = 60);

struct member {
	const char *name, *text;
};

static void put_zip(const char *name, const struct member *members, size_t n)
{
	char *path = at(name);
	zip_t *z = zip_open(path, ZIP_CREATE, NULL);

	cr_assert(z);
	for (size_t i = 0; i < n; i++) {
		zip_source_t *s = zip_source_buffer(z, members[i].text, strlen(members[i].text), 0);
		cr_assert_geq(zip_file_add(z, members[i].name, s, 0), 0);
	}
	cr_assert_eq(zip_close(z), 0);
	free(path);
}

static void refused(struct fp_package *p, const char *why)
{
	struct fp_error err = {0};
	char *path = fp_path_join(output, "p_qfield.qgz");

	cr_assert_neq(fp_package_project(p, &err), FP_OK);
	cr_assert(strstr(err.msg, why), "\"%s\" lacks \"%s\"", err.msg, why);
	cr_assert_neq(access(path, F_OK), 0, "half a package");
	free(path);
	done(p);
}

Test(package_archive, a_project_that_has_changed_meanwhile_into_none_leaves_no_package, .init = package_setup, .fini = package_teardown)
{
	struct fp_package *p = package_of_text("<qgis version=\"3.22.1\"/>");

	put("in/p.qgs", "<qgis><title>cut", 16);
	refused(p, "XML broken");
	p = package_of_text("<qgis version=\"3.22.1\"/>");
	put("in/p.qgs", "<qgis><title>&#1;</title></qgis>", 32);
	refused(p, "XML broken");
	p = package_of_text("<qgis version=\"3.22.1\"/>");
	put("in/p.qgs", "", 0);
	refused(p, "empty file");
}

Test(package_archive, a_folder_that_cannot_be_written_is_told, .init = package_setup, .fini = package_teardown)
{
	struct fp_package *p = package_of_text("<qgis version=\"3.22.1\"/>");

	cr_assert_eq(rmdir(output), 0);
	put("out", "", 0);
	refused(p, "Not a directory");
}

/* No file of ours may become longer than 100 kB. */
static void disk_is_full(void)
{
	struct rlimit limit = {.rlim_cur = 100000, .rlim_max = RLIM_INFINITY};

	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void refused_for_want_of_room(struct fp_package *p)
{
	struct fp_error err = {0};
	char *left;

	disk_is_full();
	cr_assert_eq(fp_package_project(p, &err), FP_E_FULL, "%s", err.msg);
	for (size_t i = 0; i < 2; i++) {
		left = fp_path_join(i ? scratch : output, i ? "p_qfield.qgs" : "p_qfield.qgz");
		cr_assert_neq(access(left, F_OK), 0, "%s", left);
		free(left);
	}
	done(p);
}

Test(package_archive, no_room_for_the_text_is_told, .init = package_setup, .fini = package_teardown)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_package *p;

	fp_buf_adds(&b, "<qgis version=\"3.22.1\">");
	for (int i = 0; i < 20000; i++)
		fp_buf_addf(&b, "<a%d/>", i);
	fp_buf_adds(&b, "</qgis>");
	p = package_of_text(b.data);
	fp_buf_free(&b);
	refused_for_want_of_room(p);
}

Test(package_archive, no_room_for_the_archive_is_told, .init = package_setup, .fini = package_teardown)
{
	struct fp_buf b = FP_BUF_INIT;

	srandom(1);
	for (int i = 0; i < 100000; i++) {
		long r = random();
		fp_buf_add(&b, &r, 4);
	}
	put("in/p.qgd", b.data, b.len);
	fp_buf_free(&b);
	refused_for_want_of_room(package_of_text("<qgis version=\"3.22.1\"/>"));
}

Test(package_archive, a_part_that_would_fill_the_memory_is_refused, .init = package_setup, .fini = package_teardown)
{
	enum { MANY = 3100000 };
	struct fp_package *p = package_of_text("<qgis version=\"3.22.1\"/>");
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_adds(&b, "<qgis version=\"3.22.1\"><Layouts>");
	for (int i = 0; i < MANY; i++)
		fp_buf_adds(&b, "<?a?>");
	fp_buf_adds(&b, "</Layouts></qgis>");
	put("in/p.qgs", b.data, b.len);
	fp_buf_free(&b);
	refused(p, "more than 3 million");
}

Test(package_archive, members_of_an_archive_go_along, .init = package_setup, .fini = package_teardown)
{
	static const struct member members[] = {{"other.qgs", "<qgis version=\"3.22.1\"/>"}, {"other.qgd", "storage"}, {"sub/photo.jpg", "picture"},
		{"second.qgs", "<qgis/>"}, {"../out.txt", "slip"}, {"/abs.txt", "slip"}, {"sub/", ""}};
	struct fp_package *p;
	char *text;

	put("in/x", "", 0);
	put_zip("in/p.qgz", members, sizeof members / sizeof *members);
	p = package_of("in/p.qgz");
	packaged(p);
	text = member("p_qfield.qgz", "p_qfield.qgd");
	cr_assert_str_eq(text, "storage");
	free(text);
	text = member("p_qfield.qgz", "sub/photo.jpg");
	cr_assert_str_eq(text, "picture");
	free(text);
	cr_assert_null(member("p_qfield.qgz", "other.qgd"));
	cr_assert_null(member("p_qfield.qgz", "other.qgs"));
	cr_assert_null(member("p_qfield.qgz", "second.qgs"));
	cr_assert_null(member("p_qfield.qgz", "../out.txt"));
	cr_assert_null(member("p_qfield.qgz", "/abs.txt"));
	cr_assert_eq(json_array_size(p->warnings), 3);
	done(p);
}

/* The byte in the middle of the packed TEXT is another. */
static void damage(const char *name, const char *text)
{
	struct fp_buf b = FP_BUF_INIT;
	char *path = at(name), *found;

	cr_assert_eq(fp_fs_read(&b, path, 1 << 20, NULL), FP_OK);
	found = memmem(b.data, b.len, text, strlen(text));
	cr_assert(found);
	found[1] ^= 1;
	put(name, b.data, b.len);
	fp_buf_free(&b);
	free(path);
}

Test(package_archive, a_damaged_member_is_told, .init = package_setup, .fini = package_teardown)
{
	static const struct member members[] = {{"p.qgs", "<qgis version=\"3.22.1\"/>"}, {"note.txt", "picture"}};
	struct fp_package *p;

	put("in/x", "", 0);
	put_zip("in/p.qgz", members, 2);
	damage("in/p.qgz", "picture");
	p = package_of("in/p.qgz");
	refused(p, "CRC");
}

Test(package_archive, a_member_that_nobody_can_read_is_left_out, .init = package_setup, .fini = package_teardown)
{
	static const struct member members[] = {{"p.qgs", "<qgis version=\"3.22.1\"/>"}, {"key.txt", "secret"}};
	char *path = at("in/p.qgz");
	struct fp_package *p;
	zip_t *z;

	put("in/x", "", 0);
	put_zip("in/p.qgz", members, 2);
	z = zip_open(path, 0, NULL);
	cr_assert(z);
	cr_assert_eq(zip_file_set_encryption(z, 1, ZIP_EM_AES_256, "open sesame"), 0);
	cr_assert_eq(zip_close(z), 0);
	p = package_of("in/p.qgz");
	packaged(p);
	cr_assert_null(member("p_qfield.qgz", "key.txt"));
	cr_assert_eq(json_array_size(p->warnings), 1);
	free(path);
	done(p);
}

Test(package_archive, side_files_of_a_qgs_go_into_the_archive, .init = package_setup, .fini = package_teardown)
{
	static const struct member attached[] = {{"photo.jpg", "picture"}, {"p_qfield.qgd", "mine is another"}};
	struct fp_package *p;
	char *text;

	put("in/sub/p.qgs", "<qgis version=\"3.22.1\"/>", 24);
	put("in/sub/p.qgd", "storage", 7);
	put_zip("in/sub/p_attachments.zip", attached, 2);
	p = package_of("in/sub/p.qgs");
	packaged(p);
	text = member("p_qfield.qgz", "p_qfield.qgd");
	cr_assert_str_eq(text, "storage");
	free(text);
	text = member("p_qfield.qgz", "photo.jpg");
	cr_assert_str_eq(text, "picture");
	free(text);
	cr_assert_eq(json_array_size(p->warnings), 1);
	done(p);
}

Test(package_archive, attachments_that_are_no_archive_are_told_of, .init = package_setup, .fini = package_teardown)
{
	struct fp_package *p;

	put("in/p_attachments.zip", "PK no zip", 9);
	p = package_of_text("<qgis version=\"3.22.1\"/>");
	packaged(p);
	cr_assert_eq(json_array_size(p->warnings), 1);
	done(p);
}

Test(package_archive, the_same_project_gives_the_same_bytes, .init = package_setup, .fini = package_teardown)
{
	struct fp_buf one = FP_BUF_INIT, two = FP_BUF_INIT;
	struct fp_package *p = package_of_text("<qgis version=\"3.22.1\"/>");
	char *path = fp_path_join(output, "p_qfield.qgz");

	packaged(p);
	cr_assert_eq(fp_fs_read(&one, path, 1 << 20, NULL), FP_OK);
	cr_assert_eq(setenv("TZ", "Asia/Tokyo", 1), 0);
	sleep(3); /* longer than the clock of a ZIP archive counts */
	packaged(p);
	cr_assert_eq(fp_fs_read(&two, path, 1 << 20, NULL), FP_OK);
	cr_assert(one.len == two.len && memcmp(one.data, two.data, one.len) == 0);
	fp_buf_free(&one);
	fp_buf_free(&two);
	free(path);
	done(p);
}
