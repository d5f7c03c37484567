// libcrypto's own functions of SHA-256. With EVP a static program would hold every algorithm of a provider, and each of a
// million short digests would look its algorithm up.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
