#!/usr/bin/env python3
"""A denoiser without numpy for the tests of who asks: D(x; σ) = x·¼/(σ² + ¼), as `shrinking.py MODE… denoise` serves it.

By MODE it breaks the contract of `denoise` from a question on: `nan@40` at the fortieth."""
import array
import json
import os
import struct
import sys
import time

modes = dict((word.split("@") + ["0"])[:2] for word in sys.argv[1:-1])
out = sys.stdout.buffer
source = sys.stdin.buffer


def broken(mode, number=0):
    return mode in modes and number >= int(modes[mode])


def say(data):
    out.write(data)
    out.flush()


def greet(wish):
    if broken("mute"):
        sys.exit("Traceback: the module torch is missing")
    if broken("unwilling"):
        say(json.dumps({"failed": "missing-input", "message": "the checkpoint is damaged"}).encode() + b"\n")
        sys.exit(1)
    assert wish["contract"] == 2 and sys.argv[-1] == "denoise"
    for network in wish["networks"]:
        for name in ("checkpoint", "dataset"):
            assert os.path.exists(f"{wish['store']}/{network[name][:2]}/{network[name]}")
    edge = 9 if broken("large") else 8
    fact = {"shape": [1, edge, edge], "levels": {"least": 0, "most": 1000}, "batch": 16}
    networks = [fact] * (len(wish["networks"]) + broken("many"))
    say(b"[1" if broken("babble") else json.dumps({"contract": 3 if broken("late") else 2, "networks": networks}).encode())
    say(b"\nmore" if broken("talk") else b"\n")


def answer(number, head):
    operation, network, count, vectors = struct.unpack("<IIII", head)
    sigma = struct.unpack(f"<{count}d", source.read(8 * count))
    images = array.array("f", source.read(4 * 64 * count))
    if operation == 1:
        assert vectors == 0 and 0 < count <= 16
    else:
        assert count == 1 and 0 < vectors <= 16
        images, sigma = array.array("f", source.read(4 * 64 * vectors)), sigma * vectors
    if broken("die", number):
        print("no memory left", file=sys.stderr)
        sys.exit(3)
    if broken("killed", number):
        os.kill(os.getpid(), 9)
    if broken("hang", number):
        time.sleep(1000)
    if broken("refuse", number):
        words = "the network cannot do that".encode()
        return say(struct.pack("<IIQ", 1, 0, len(words)) + words)
    scale = [0.5 * 0.5 / (s * s + 0.5 * 0.5) for s in sigma]
    result = array.array("f", (scale[place // 64] * value for place, value in enumerate(images)))
    if broken("nan", number):
        result[5] = float("nan")
    data = result.tobytes()
    if broken("short", number):
        data = data[:-4]
    say(struct.pack("<IIQ", 0, 7 if broken("odd", number) else 0, len(result) * 4 - 4 * broken("less", number)) + data)
    if broken("short", number):
        sys.exit(0)
    if broken("garbage", number):
        say(b"something that nobody asked for")


greet(json.loads(source.readline()))
asked = 0
while head := source.read(16):
    answer(asked, head)
    asked += 1
print(f"answered {asked} questions", file=sys.stderr)
