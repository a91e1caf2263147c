#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"

struct fp_hasher {
	int fd;
	char *path;
	int64_t size;
	int64_t parts;         /* that are complete */
	int etag_only;
	EVP_MD_CTX *sha256;    /* OpenSSL's, which uses what the processor has: seven times as fast */
	EVP_MD_CTX *md5;       /* of the whole. ETags of the QFieldCloud API are MD5; nothing trusts it */
	EVP_MD_CTX *part, *of_parts; /* of the part that runs; of the MD5s of the parts before it */
};

static EVP_MD_CTX *begin(const EVP_MD *type)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	fp_assert(c && EVP_DigestInit_ex(c, type, NULL));
	return c;
}

enum fp_status fp_hasher_new(struct fp_hasher **out, const char *path, struct fp_error *err)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct fp_hasher *h;

	if (fd < 0)
		return fp_fail_errno(err, errno, "cannot open %s", path);
	h = fp_alloc(sizeof *h);
	h->fd = fd;
	h->path = fp_strdup(path);
	h->sha256 = begin(EVP_sha256());
	h->md5 = begin(EVP_md5());
	h->of_parts = begin(EVP_md5());
	*out = h;
	return FP_OK;
}

void fp_hasher_etag_only(struct fp_hasher *h)
{
	h->etag_only = 1;
}

static void end_part(struct fp_hasher *h)
{
	unsigned char md5[EVP_MAX_MD_SIZE];

	fp_assert(EVP_DigestFinal_ex(h->part, md5, NULL) && EVP_DigestUpdate(h->of_parts, md5, 16) && EVP_DigestInit_ex(h->part, EVP_md5(), NULL));
	h->parts++;
}

/* The MD5 of the first part is that of the whole until there is a second one. */
static void second_part(struct fp_hasher *h)
{
	h->part = EVP_MD_CTX_new();
	fp_assert(h->part && EVP_MD_CTX_copy_ex(h->part, h->md5));
	end_part(h);
}

static void update_md5(struct fp_hasher *h, const unsigned char *bytes, size_t n)
{
	if (n == 0)
		return;
	if (h->size == FP_ETAG_PART)
		second_part(h);
	if (!h->part || !h->etag_only)
		fp_assert(EVP_DigestUpdate(h->md5, bytes, n));
	if (!h->part)
		return;
	if (h->size > FP_ETAG_PART && h->size % FP_ETAG_PART == 0)
		end_part(h);
	fp_assert(EVP_DigestUpdate(h->part, bytes, n));
}

static void finish(struct fp_hasher *h, struct fp_digest *d)
{
	unsigned char sha[EVP_MAX_MD_SIZE], md5[EVP_MAX_MD_SIZE];

	fp_assert(EVP_DigestFinal_ex(h->sha256, sha, NULL) && EVP_DigestFinal_ex(h->md5, md5, NULL));
	memset(d, 0, sizeof *d);
	sodium_bin2hex(d->sha256, sizeof d->sha256, sha, 32);
	if (!h->part || !h->etag_only)
		sodium_bin2hex(d->md5, sizeof d->md5, md5, 16);
	if (h->part) {
		end_part(h);
		fp_assert(EVP_DigestFinal_ex(h->of_parts, md5, NULL));
	}
	sodium_bin2hex(d->etag, sizeof d->etag, md5, 16);
	if (h->part)
		snprintf(d->etag + 32, sizeof d->etag - 32, "-%lld", (long long)h->parts);
	d->size = h->size;
}

/* Blocks divide a part, so none lies in two. */
enum fp_status fp_hasher_step(struct fp_hasher *h, int64_t bytes, int *done, struct fp_digest *digest, struct fp_error *err)
{
	unsigned char block[65536];

	*done = 0;
	while (bytes > 0) {
		size_t got = 0;
		while (got < sizeof block) {
			ssize_t n = read(h->fd, block + got, sizeof block - got);
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0)
				return fp_fail_errno(err, errno, "cannot read %s", h->path);
			if (n == 0)
				break;
			got += (size_t)n;
		}
		fp_assert(EVP_DigestUpdate(h->sha256, block, got));
		update_md5(h, block, got);
		h->size += (int64_t)got;
		bytes -= (int64_t)got;
		if (got < sizeof block) {
			finish(h, digest);
			*done = 1;
			return FP_OK;
		}
	}
	return FP_OK;
}

void fp_hasher_free(struct fp_hasher *h)
{
	if (!h)
		return;
	close(h->fd);
	EVP_MD_CTX_free(h->sha256);
	EVP_MD_CTX_free(h->md5);
	EVP_MD_CTX_free(h->part);
	EVP_MD_CTX_free(h->of_parts);
	free(h->path);
	free(h);
}

enum fp_status fp_fs_digest(struct fp_digest *digest, const char *path, struct fp_error *err)
{
	struct fp_hasher *h;
	int done = 0;
	enum fp_status st = fp_hasher_new(&h, path, err);

	if (st != FP_OK)
		return st;
	while (st == FP_OK && !done)
		st = fp_hasher_step(h, INT64_MAX, &done, digest, err);
	fp_hasher_free(h);
	return st;
}
