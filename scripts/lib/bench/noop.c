/* The program that does nothing, as a worker and for the rivals alike: says that it has trained, and names as weights a
   file of two bytes that was there before it. */
#include <string.h>
#include <unistd.h>

static int say(const char *text) {
    size_t length = strlen(text);
    return write(1, text, length) == (ssize_t)length ? 0 : 75;
}

int main(int count, char **words) {
    if (count > 1 && strcmp(words[1], "describe") == 0)
        return say("{\"contract\":1,\"name\":\"noop\",\"numerics\":1,\"deterministic\":true,\"jobKinds\":[\"train\","
                   "\"measure\"],\"architectures\":[\"ddpmpp\"],\"measures\":[],\"build\":\"1\",\"cpu\":\"\","
                   "\"kernels\":\"\",\"check\":\"\"}\n");
    return say("{\"event\":\"started\",\"contract\":1,\"worker\":\"noop\",\"numerics\":1,\"build\":\"1\",\"cpu\":\"\","
               "\"kernels\":\"\"}\n"
               "{\"event\":\"checkpoint\",\"steps\":1,\"milestone\":true,\"parameters\":1,\"seconds\":0,\"weights\":"
               "{\"path\":\"weights\",\"digest\":\"73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac\","
               "\"bytes\":2}}\n"
               "{\"event\":\"finished\"}\n");
}
