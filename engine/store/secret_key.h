/* The key of the secrets, HOME/secret.key, and what is encrypted with it: XChaCha20-Poly1305 (libsodium), a random nonce each, bound to the place it
 * belongs to, so that a row copied to another project or name does not open. */
#ifndef FP_STORE_SECRET_KEY_H
#define FP_STORE_SECRET_KEY_H

#include <stddef.h>

#include "engine/base/error.h"

#define FP_SECRET_KEY_BYTES 32
#define FP_SECRET_NONCE_BYTES 24
#define FP_SECRET_TAG_BYTES 16 /* what a ciphertext is longer than its text */

/* Whoever is done with it wipes it: sodium_memzero(). */
struct fp_secret_key {
	unsigned char bytes[FP_SECRET_KEY_BYTES];
};

/* Where a secret belongs. */
struct fp_secret_place {
	const char *project_id, *name, *type;
};

/* The path of the key; caller frees. */
char *fp_secret_key_path(const char *home) __attribute__((malloc, returns_nonnull));

/* A new key, mode 0600, where there is none: complete or not there at all, and never in place of another. */
enum fp_status fp_secret_key_make(const char *home, struct fp_error *err);

/* Refuses, each with one line and what to do: no key (FP_E_NOTFOUND), one that others may read (FP_E_DENIED), one that is no key (FP_E_CORRUPT). */
enum fp_status fp_secret_key_read(struct fp_secret_key *key, const char *home, struct fp_error *err);

/* N bytes of TEXT into SEALED (N + FP_SECRET_TAG_BYTES) with a new NONCE. */
void fp_secret_seal(unsigned char *sealed, unsigned char nonce[FP_SECRET_NONCE_BYTES], const struct fp_secret_key *key,
	const struct fp_secret_place *place, const char *text, size_t n);

/* N bytes of SEALED into TEXT (N - FP_SECRET_TAG_BYTES, and a NUL). 0, or -1: another key, another place, or damaged. */
int fp_secret_unseal(char *text, const unsigned char *sealed, size_t n, const unsigned char nonce[FP_SECRET_NONCE_BYTES],
	const struct fp_secret_key *key, const struct fp_secret_place *place);

#endif
