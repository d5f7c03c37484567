/* delay-link MICROSECONDS A B: makes the network devices A and B, which are the ends of one cable, and carries packets
   between them, each so many microseconds late. For kernels without netem. The devices may be moved to other network
   namespaces; they are gone when the program ends. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { places = 1 << 15, largest = 2048 };

struct packet {
    int64_t due;
    int length;
    unsigned char bytes[largest];
};

/* One direction: packets under way, oldest first. A full queue loses what comes, as routers do. */
struct way {
    struct packet *ring;
    unsigned first, count;
};

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int device(const char *name) {
    struct ifreq request;
    int descriptor = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return -1;
    memset(&request, 0, sizeof request);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    return ioctl(descriptor, TUNSETIFF, &request) < 0 ? -1 : descriptor;
}

int main(int count, char **words) {
    int ends[2];
    struct way ways[2];
    if (count != 4) return fprintf(stderr, "usage: delay-link MICROSECONDS A B\n"), 2;
    int64_t delay = atoll(words[1]) * 1000;
    for (int i = 0; i < 2; i++) {
        if ((ends[i] = device(words[2 + i])) < 0) return perror(words[2 + i]), 1;
        ways[i] = (struct way){calloc(places, sizeof(struct packet)), 0, 0};
        if (!ways[i].ring) return 1;
    }
    puts("ready");
    fclose(stdout);
    for (;;) {
        int64_t due = INT64_MAX;
        for (int i = 0; i < 2; i++)
            if (ways[i].count && ways[i].ring[ways[i].first].due < due) due = ways[i].ring[ways[i].first].due;
        int64_t left = due == INT64_MAX ? 1000000000 : due - now();
        if (left < 0) left = 0;
        struct timespec pause = {left / 1000000000, left % 1000000000};
        struct pollfd polls[2] = {{ends[0], POLLIN, 0}, {ends[1], POLLIN, 0}};
        if (ppoll(polls, 2, &pause, NULL) < 0 && errno != EINTR) return perror("poll"), 1;
        int64_t time = now();
        for (int i = 0; i < 2; i++) {
            struct way *way = &ways[i];
            static unsigned char spare[largest];
            for (int turn = 0; polls[i].revents && turn < 256; turn++) {
                struct packet *last = &way->ring[(way->first + way->count) % places];
                int full = way->count == places;
                int length = (int)read(ends[i], full ? spare : last->bytes, largest);
                if (length <= 0) break;
                if (full) continue;
                last->length = length;
                last->due = time + delay;
                way->count++;
            }
            for (; way->count && way->ring[way->first].due <= time; way->count--) {
                struct packet *packet = &way->ring[way->first];
                /* A device that takes no more has lost it. */
                if (write(ends[1 - i], packet->bytes, (size_t)packet->length) < 0 && errno == EBADF) return 1;
                way->first = (way->first + 1) % places;
            }
        }
    }
}
