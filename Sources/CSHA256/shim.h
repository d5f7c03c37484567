// libcrypto's SHA-256 itself: by way of EVP a static program would hold every algorithm of a provider, and each of a
// million short digests would look one up.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
