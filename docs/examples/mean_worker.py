#!/usr/bin/env python3
"""A whole worker for Eigensweep (docs/job-contract.md). Its model is the mean image of the training subset."""
import hashlib, json, math, os, random, re, signal, struct, sys, time
ME = dict(contract=1, name="mean-worker", numerics=1, deterministic=True, jobKinds=["train", "measure"], check="",
          architectures=["mean"], measures=[dict(measure="spread", version=1, parameters={"images": 64})], build="1",
          cpu="any", kernels="python")
stopping = []
signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
def send(event, **fields):  # one write per line: a reader never meets half an event
    os.write(1, (json.dumps({"event": event, **fields}) + "\n").encode())
def keep(name, value):  # a file appears whole or not at all
    data = json.dumps(value).encode()
    with open(name + ".partial", "wb") as file: file.write(data), file.flush(), os.fsync(file.fileno())
    os.rename(name + ".partial", name)
    return dict(path=name, digest=hashlib.sha256(data).hexdigest(), bytes=len(data))
class Refusal(Exception): pass
def demand(fine, reason):
    if not fine: raise Refusal(reason)
DATASET = "size|part|subset_seed|held_out|flip|digest|generator.*|alpha|count|resolution|channels"
def stored(job, digest): return open(f"{job['store']}/{digest[:2]}/{digest}", "rb").read()
def images(job):
    data = stored(job, job["dataset"])
    start = 8 + struct.unpack("<Q", data[:8])[0]
    count, *shape = json.loads(data[8:start])["images"]["shape"]
    seed, held, part, size = [job["spec"]["dataset." + key] for key in ("subset_seed", "held_out", "part", "size")]
    chosen = random.Random(seed).sample(range(count), count)[held:][part["index"]::part["of"]][:size]
    demand(len(chosen) == size, f"{count} images are too few for {part['of']} parts of {size} and {held} held out")
    places = [start + index * math.prod(shape) for index in chosen]
    return [[byte / 127.5 - 1 for byte in data[place:place + math.prod(shape)]] for place in places]
def train(job, milestones, checkpointSeconds, resume=None):
    pool, saved = images(job), (began := time.monotonic())
    state = json.loads(stored(job, resume["state"])) if resume else dict(steps=0, mean=[0.0] * len(pool[0]))
    while (step := state["steps"] + 1) <= milestones[-1]:
        image, stop = pool[step % len(pool)], bool(stopping)
        state = dict(steps=step, mean=[m + (p - m) / step for m, p in zip(state["mean"], image)])
        if (reached := step in milestones) or stop or time.monotonic() - saved >= checkpointSeconds:
            weights, saved = keep(f"weights-{step}.json", state["mean"]) if reached else None, time.monotonic()
            send("checkpoint", steps=step, milestone=reached, weights=weights, parameters=len(image),
                 state=keep(f"state-{step}.json", state), seconds=saved - began)
        if stop and step < milestones[-1]: return send("paused", steps=step)
    send("finished")
def measure(job, trial, steps, checkpoint, measures):
    mean, began = json.loads(stored(job, checkpoint)), time.monotonic()
    for request in measures:
        far = [math.dist(image, mean) for image in images(job)[:request["parameters"]["images"]]]
        send("measure", trial=trial, request=request, checkpoint=checkpoint, artifacts=[],
             rows=[dict(quantity="distance", value=sum(far) / len(far), n=len(far))], seconds=time.monotonic() - began)
    send("finished")
if sys.argv[1] == "describe": sys.exit(print(json.dumps(ME)))
try:
    job = json.load(open((sys.argv[3:] or ["/dev/stdin"])[0]))  # run [--job FILE]
    demand(job["contract"] == 1, f"the job speaks contract {job['contract']}, this worker contract 1")
    unknown = [k for k in job["spec"] if not re.fullmatch(rf"seed|(model|training|worker)\..*|dataset\.({DATASET})", k)]
    demand(not unknown and not job["spec"]["dataset.flip"], f"this worker does not know {unknown or 'dataset.flip'}")
    send("started", worker=ME["name"], **{key: ME[key] for key in ("contract", "numerics", "build", "cpu", "kernels")})
    for kind, task in job["task"].items(): {"train": train, "measure": measure}[kind](job, **task)
except Exception as error:
    kind = {Refusal: "unsupported", FileNotFoundError: "missing-input"}.get(type(error), "internal")
    sys.exit(send("failed", kind=kind, message=f"{type(error).__name__}: {error}") or 1)
