#include "engine/store/secret_key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"

_Static_assert(FP_SECRET_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");
_Static_assert(FP_SECRET_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(FP_SECRET_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");

char *fp_secret_key_path(const char *home)
{
	return fp_path_join(home, "secret.key");
}

static enum fp_status write_new(const char *path, struct fp_error *err)
{
	struct fp_secret_key key;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int ok;

	if (fd < 0)
		return fp_fail_errno(err, errno, "cannot make %s", path);
	randombytes_buf(key.bytes, sizeof key.bytes);
	ok = write(fd, key.bytes, sizeof key.bytes) == (ssize_t)sizeof key.bytes && fsync(fd) == 0;
	sodium_memzero(&key, sizeof key);
	if (close(fd) == 0 && ok)
		return FP_OK;
	return fp_fail_errno(err, errno ? errno : ENOSPC, "cannot write %s", path);
}

enum fp_status fp_secret_key_make(const char *home, struct fp_error *err)
{
	char *path = fp_secret_key_path(home), *tmp = fp_asprintf("%s.%ld.tmp", path, (long)getpid());
	struct stat sb;
	enum fp_status st = FP_OK;

	if (lstat(path, &sb) != 0) {
		unlink(tmp);
		st = write_new(tmp, err);
		if (st == FP_OK && link(tmp, path) != 0 && errno != EEXIST) /* a link, unlike a rename, never replaces a key */
			st = fp_fail_errno(err, errno, "cannot make %s", path);
		unlink(tmp);
		if (st == FP_OK)
			st = fp_fs_sync_dir(home, err);
	}
	free(path);
	free(tmp);
	return st;
}

static enum fp_status no_key(const char *path, struct fp_error *err)
{
	if (errno != ENOENT)
		return fp_fail_errno(err, errno, "cannot read the key of the secrets, %s", path);
	fp_fail(err, FP_E_NOTFOUND, "the key of the secrets is missing: %s", path);
	fp_error_hint(err, "put it back from your copy; without one, remove the secrets and set them again");
	return FP_E_NOTFOUND;
}

static enum fp_status judge(int fd, const char *path, struct fp_error *err)
{
	struct stat sb;

	if (fstat(fd, &sb) != 0)
		return fp_fail_errno(err, errno, "cannot look at %s", path);
	if (!S_ISREG(sb.st_mode) || sb.st_size != FP_SECRET_KEY_BYTES) {
		fp_fail(err, FP_E_CORRUPT, "%s is no key: it should be a file of %d bytes, and has %lld", path, FP_SECRET_KEY_BYTES, (long long)sb.st_size);
		fp_error_hint(err, "put it back from your copy; without one, remove the file and the secrets, and set them again");
		return FP_E_CORRUPT;
	}
	if (sb.st_mode & 077) {
		fp_fail(err, FP_E_DENIED, "%s can be read by others (mode %04o), so no secret is read with it", path, (unsigned)sb.st_mode & 07777);
		fp_error_hint(err, "chmod 600 it; set the secrets again if somebody may have copied it");
		return FP_E_DENIED;
	}
	return FP_OK;
}

enum fp_status fp_secret_key_read(struct fp_secret_key *key, const char *home, struct fp_error *err)
{
	char *path = fp_secret_key_path(home);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	enum fp_status st = fd < 0 ? no_key(path, err) : judge(fd, path, err);

	if (st == FP_OK && read(fd, key->bytes, sizeof key->bytes) != (ssize_t)sizeof key->bytes)
		st = fp_fail_errno(err, EIO, "cannot read %s", path);
	if (fd >= 0)
		close(fd);
	free(path);
	return st;
}

/* Each part ends in a NUL, which none can hold: no two places look alike. */
static void describe(struct fp_buf *b, const struct fp_secret_place *p)
{
	fp_buf_addf(b, "%s%c%s%c%s%c", p->project_id, '\0', p->name, '\0', p->type, '\0');
}

void fp_secret_seal(unsigned char *sealed, unsigned char nonce[FP_SECRET_NONCE_BYTES], const struct fp_secret_key *key,
	const struct fp_secret_place *place, const char *text, size_t n)
{
	struct fp_buf ad = FP_BUF_INIT;
	int rc;

	describe(&ad, place);
	randombytes_buf(nonce, FP_SECRET_NONCE_BYTES);
	rc = crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, (const unsigned char *)text, n, (const unsigned char *)ad.data, ad.len, NULL,
		nonce, key->bytes);
	fp_assert(rc == 0);
	fp_buf_free(&ad);
}

int fp_secret_unseal(char *text, const unsigned char *sealed, size_t n, const unsigned char nonce[FP_SECRET_NONCE_BYTES],
	const struct fp_secret_key *key, const struct fp_secret_place *place)
{
	struct fp_buf ad = FP_BUF_INIT;
	int rc;

	describe(&ad, place);
	rc = crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)text, NULL, NULL, sealed, n, (const unsigned char *)ad.data, ad.len, nonce,
		key->bytes);
	fp_buf_free(&ad);
	if (rc == 0)
		text[n - FP_SECRET_TAG_BYTES] = '\0';
	return rc;
}
