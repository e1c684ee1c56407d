/* The one error domain for mistakes of users and files. */
#include "lazaret/error.h"

G_DEFINE_QUARK(lazaret-error-quark, lz_error)
