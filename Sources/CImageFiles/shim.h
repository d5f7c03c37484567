#include <spng.h>
#include <turbojpeg.h>
#include <zip.h>
#include <zlib.h>
