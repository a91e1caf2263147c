#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"

struct fp_hasher {
	int fd;
	char *path;
	int64_t size;
	crypto_hash_sha256_state sha256;
	EVP_MD_CTX *md5; /* ETags of the QFieldCloud API are MD5; nothing trusts it */
};

enum fp_status fp_hasher_new(struct fp_hasher **out, const char *path, struct fp_error *err)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct fp_hasher *h;

	if (fd < 0)
		return fp_fail_errno(err, errno, "cannot open %s", path);
	h = fp_alloc(sizeof *h);
	h->fd = fd;
	h->path = fp_strdup(path);
	crypto_hash_sha256_init(&h->sha256);
	h->md5 = EVP_MD_CTX_new();
	fp_assert(h->md5 && EVP_DigestInit_ex(h->md5, EVP_md5(), NULL));
	*out = h;
	return FP_OK;
}

static void finish(struct fp_hasher *h, struct fp_digest *d)
{
	unsigned char sha[crypto_hash_sha256_BYTES], md5[EVP_MAX_MD_SIZE];

	crypto_hash_sha256_final(&h->sha256, sha);
	fp_assert(EVP_DigestFinal_ex(h->md5, md5, NULL));
	sodium_bin2hex(d->sha256, sizeof d->sha256, sha, sizeof sha);
	sodium_bin2hex(d->md5, sizeof d->md5, md5, 16);
	d->size = h->size;
}

enum fp_status fp_hasher_step(struct fp_hasher *h, int64_t bytes, int *done, struct fp_digest *digest, struct fp_error *err)
{
	unsigned char block[65536];

	*done = 0;
	while (bytes > 0) {
		ssize_t n = read(h->fd, block, sizeof block);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return fp_fail_errno(err, errno, "cannot read %s", h->path);
		}
		if (n == 0) {
			finish(h, digest);
			*done = 1;
			return FP_OK;
		}
		crypto_hash_sha256_update(&h->sha256, block, (unsigned long long)n);
		fp_assert(EVP_DigestUpdate(h->md5, block, (size_t)n));
		h->size += n;
		bytes -= n;
	}
	return FP_OK;
}

void fp_hasher_free(struct fp_hasher *h)
{
	if (!h)
		return;
	close(h->fd);
	EVP_MD_CTX_free(h->md5);
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
