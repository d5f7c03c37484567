"""Networks in PyTorch: EDM's formulas, and the DiT example through everything that the contract asks for."""
import random
import signal
import time
import unittest

import numpy as np

from support import EXAMPLES, TORCH, WITHOUT_TORCH, Run, Sandbox, Serving, checkpoints, milestones
from eigensweep import Refusal, files, keys, sampling

DIT = EXAMPLES / "dit/dit.py"
OWN = {"model.patch": 4, "model.width": 16, "model.depth": 1, "model.heads": 2}


class FormulaTests(unittest.TestCase):
    """What needs no PyTorch."""

    def test_preconditioning(self):
        sigma = np.array([0.002, 0.5, 3.0])
        skip, out, scale, noise = sampling.coefficients("edm", sigma, 0.5)
        np.testing.assert_allclose(skip, 0.25 / (sigma**2 + 0.25))
        np.testing.assert_allclose(out, sigma * 0.5 / np.sqrt(sigma**2 + 0.25))
        np.testing.assert_allclose(scale, 1 / np.sqrt(sigma**2 + 0.25))
        np.testing.assert_allclose(noise, np.log(sigma) / 4)
        t = np.array([1e-5, 0.3, 1.0])
        np.testing.assert_allclose(
            sampling.coefficients("vp", sampling.variance_preserving(t), 0.5)[3], 999 * t, rtol=1e-9)
        self.assertAlmostEqual(sampling.variance_preserving(np.ones(1))[0], 152.17, places=1)
        with self.assertRaises(Refusal):
            sampling.coefficients("blind", sigma, 0.5)

    def test_the_loss_is_the_weighted_one(self):
        draws = np.random.default_rng(0)
        y, n, f = draws.normal(size=(3, 1000))
        weights = {"edm": lambda s: (s**2 + 0.49) / (s * 0.7)**2, "vp": lambda s: s**-2, "ve": lambda s: s**-2,
                   "none": lambda s: 1.0}
        for name, weight in weights.items():
            for sigma in (0.01, 0.5, 20.0):
                level = np.array([sigma])
                skip, out, _, _ = sampling.coefficients(name, level, 0.7)
                a, b = sampling.target(name, level, 0.7)
                d = skip * (y + sigma * n) + out * f
                np.testing.assert_allclose(weight(sigma) * (d - y)**2, (f - a * y - b * n)**2, rtol=1e-6, atol=1e-9)

    def test_schedules(self):
        np.testing.assert_allclose(
            sampling.schedule(10), [80, 42.4152, 21.1087, 9.7232, 4.0661, 1.5017, 0.46998, 0.11664, 0.020435, 0.002, 0],
            rtol=1e-4)
        self.assertEqual(sampling.schedule(1).tolist(), [80, 0])
        spec = keys.Spec({**keys.ALWAYS, "training.batch": 32, "training.warmup_images": 64, "training.halving_images": 100})
        rates = [sampling.learning_rate(spec, seen) for seen in (0, 32, 64, 100, 250)]
        np.testing.assert_allclose(rates, [0, 5e-4, 1e-3, 5e-4, 2.5e-4])
        self.assertEqual(sampling.ema_decay(spec, 0), 0)
        self.assertAlmostEqual(sampling.ema_decay(spec, 6400), 0.5 ** (32 / 320))
        self.assertAlmostEqual(sampling.ema_decay(spec, 10**9), 0.5 ** (32 / 500_000))
        spec = keys.Spec({**keys.ALWAYS, "training.batch": 32, "training.ema_half_life_images": 0})
        self.assertEqual(sampling.ema_decay(spec, 6400), 0)

    def test_noise(self):
        draws = np.array([0.25, 0.5])
        for name, expected in (("u-squared", [0.125, 0.5]), ("log-uniform", [0.02 * 5000**0.25, 0.02 * 5000**0.5]),
                               ("fixed", [0.5, 0.5]), ("lognormal", np.exp(-1.2 + 1.2 * draws))):
            spec = keys.Spec({**keys.ALWAYS, "training.noise": name})
            np.testing.assert_allclose(sampling.Noise(spec).of(draws), expected)

    def test_sampling_the_gaussian_is_exact_to_its_order(self):
        # D of N(0, s²) is linear, and its flow is known: x ↦ x·√((s² + σ²)/(s² + 80²)).
        s = 0.5
        calls = []

        def denoise(x, sigma):
            calls.append(sigma[0])
            return (x * (s**2 / (s**2 + sigma**2))[:, None, None, None]).astype(np.float32)

        z = sampling.latents(0, 3, (1, 4, 4))
        exact = 80 * z * s / np.sqrt(s**2 + 80**2)
        errors = [np.abs(sampling.sample(denoise, z, steps) - exact).max() for steps in (16, 32, 64)]
        self.assertEqual(len(calls), 31 + 63 + 127)
        self.assertLess(errors[2], 6e-3)
        self.assertGreater(errors[0] / errors[1], 2.5)
        self.assertGreater(np.abs(sampling.sample(denoise, z, 64, method="euler") - exact).max(), 5 * errors[2])
        np.testing.assert_array_equal(sampling.latents(0, 5, (1, 4, 4))[:3], z)


@unittest.skipUnless(TORCH, WITHOUT_TORCH)
class DiTTests(unittest.TestCase):
    def setUp(self):
        self.sandbox = Sandbox(self)
        self.spec = self.sandbox.spec("dit", OWN)

    def run_it(self, *steps, spec=None, **fields):
        return Run(self.sandbox, self.sandbox.train(*steps, spec=spec or self.spec, **fields), DIT)

    def test_it_resumes_to_the_same_bits(self):
        # With all that could break it: mirrored images, a warm-up, epochs that end within batches.
        spec = self.sandbox.spec("dit", OWN, dataset__flip=True, training__warmup_images=16)
        whole = self.run_it(9, spec=spec)
        expected = milestones(whole.finish())[0]
        resume, chance = None, random.Random(1)
        for _ in range(2):
            run = self.run_it(1_000_000, spec=spec, resume=resume, seconds=0) if resume is None else \
                self.run_it(5, 9, spec=spec, resume=resume)
            if resume is None:
                run.wait_for("checkpoint")
                time.sleep(chance.uniform(0, 0.01))
                run.process.send_signal(signal.SIGTERM)
                events = run.finish()
                self.assertEqual(events[-1]["event"], "paused")
                early = [event for event in checkpoints(events) if event["steps"] < 5][-1]
                resume = {"steps": early["steps"], "state": run.adopt(early["state"])}
            else:
                last = milestones(run.finish())[1]
        self.assertEqual(last["weights"]["digest"], expected["weights"]["digest"])
        self.assertEqual(last["state"]["digest"], expected["state"]["digest"])

    def test_it_learns_and_denoises(self):
        spec = self.sandbox.spec("dit", OWN, training__ema_ramp=0.05, training__learning_rate=0.003)
        run = self.run_it(250, spec=spec)
        event = milestones(run.finish())[0]
        losses = [loss for _, loss in event["losses"]]
        self.assertLess(losses[-1], 0.9 * losses[0])
        checkpoint = run.adopt(event["weights"])
        weights, _ = files.decode((run.folder / event["weights"]["path"]).read_bytes())
        self.assertEqual(sum(array.size for array in weights.values()), event["parameters"])
        network = {"training": "1c9a", "spec": spec, "dataset": self.sandbox.dataset, "steps": 250, "checkpoint": checkpoint}
        child = Serving(self.sandbox, [network], DIT)
        self.assertEqual(child.hello["networks"][0]["shape"], [1, 8, 8])
        draws = np.random.default_rng(0)
        x = draws.normal(size=(70, 1, 8, 8)).astype(np.float32)
        sigma = np.exp(draws.normal(-1, 1, 70))
        answer = child.ask(1, 0, sigma, x)
        # Not by a bit does an image's result depend on the others.
        for order in (np.arange(3), np.arange(69, -1, -1), np.array([5])):
            np.testing.assert_array_equal(child.ask(1, 0, sigma[order], x[order]), answer[order])
        # Products with the Jacobian, against differences and each other: ⟨u, Jv⟩ = ⟨Jᵀu, v⟩.
        u, v = draws.normal(size=(2, 5, 1, 8, 8)).astype(np.float32)
        pushed, pulled = child.ask(3, 0, [0.5], x[:1], v), child.ask(2, 0, [0.5], x[:1], u)
        np.testing.assert_allclose((u * pushed).sum((1, 2, 3)), (pulled * v).sum((1, 2, 3)), rtol=1e-3, atol=1e-4)
        step = 1e-2
        ends = [child.ask(1, 0, np.full(5, 0.5), np.repeat(x[:1], 5, 0) + sign * step * v) for sign in (1, -1)]
        np.testing.assert_allclose((ends[0] - ends[1]) / (2 * step), pushed, atol=2e-3)
        self.assertEqual(child.end(), 0)

    def test_it_refuses_sizes_that_do_not_fit(self):
        for change in ({"model.patch": 3}, {"model.heads": 3}, {"model.patch": 17}):
            kind, message = self.run_it(2, spec=self.sandbox.spec("dit", {**OWN, **change})).failure()
            self.assertEqual(kind, "unsupported")
            self.assertIn(next(iter(change)), message)

    def test_a_rate_too_high_diverges(self):
        spec = self.sandbox.spec("dit", OWN, training__learning_rate=1000.0, training__sigma_data=1e-3)
        kind, message = self.run_it(3000, spec=spec).failure()
        self.assertEqual(kind, "diverged", message)

    def test_another_checkpoint_is_refused(self):
        weights = self.sandbox.keep(files.encode({"a": np.zeros(3, np.float32)}))
        child = Serving(self.sandbox, [{"spec": self.spec, "checkpoint": weights}], DIT)
        self.assertEqual(child.hello["failed"], "unsupported")
        self.assertEqual(child.end(), 1)

    def test_every_preconditioning_and_noise_trains(self):
        for name, noise in (("vp", "vp"), ("ve", "log-uniform"), ("none", "fixed"), ("edm", "u-squared")):
            spec = self.sandbox.spec("dit", OWN, training__preconditioning=name, training__noise=noise)
            self.assertEqual(self.run_it(2, spec=spec).finish()[-1]["event"], "finished")
        kind, message = self.run_it(2, spec=self.sandbox.spec("dit", OWN, training__preconditioning="blind")).failure()
        self.assertEqual(kind, "unsupported", message)


@unittest.skipUnless(TORCH, WITHOUT_TORCH)
class OptimiserTests(unittest.TestCase):
    """Steps of the loop against PyTorch's own optimisers, and against the formula where PyTorch couples the decay."""

    def setUp(self):
        import torch
        from eigensweep import edm

        class Flat(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.inside = torch.nn.Linear(64, 64)

            def forward(self, x, level):
                return self.inside(x.flatten(1)).reshape(x.shape)

        class Worker(edm.Worker):
            name, numerics, architectures = "flat", 1, ["flat"]

            def network(self, spec):
                return Flat()

        class Decaying(Worker):
            def optimizer(self, network, spec):
                return torch.optim.AdamW(network.parameters(), lr=1, betas=(0.9, 0.999), eps=1e-8, weight_decay=20)

        self.torch, self.worker, self.decaying = torch, Worker, Decaying

    def start(self, worker, **changes):
        from eigensweep import edm
        values = {"dataset.resolution": 8, "dataset.channels": 1, "dataset.size": 12, "dataset.part": {"index": 0, "of": 1},
                  "dataset.subset_seed": 0, "dataset.held_out": 0, "model.architecture": "flat", "seed": 3,
                  **{name.replace("__", "."): value for name, value in changes.items()}}
        spec = keys.Spec({**keys.ALWAYS, **values})
        images = np.random.default_rng(1).uniform(-1, 1, (12, 1, 8, 8)).astype(np.float32)
        return edm.Training(worker(), spec, images, 1)

    def parameters(self, training):
        return [one.detach().clone() for one in training.network.parameters()]

    def test_decay_is_that_of_adamw(self):
        ours, theirs = self.start(self.worker, training__weight_decay=20), self.start(self.decaying)
        plain = self.start(self.worker)
        for step in range(5):
            for training in (ours, theirs, plain):
                training.step(step)
        for one, other, without in zip(*map(self.parameters, (ours, theirs, plain))):
            self.torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-8)
            self.assertFalse(self.torch.allclose(one, without))

    def test_sgd_is_its_formula(self):
        rate, decay, momentum = 2e-4, 500, 0.9
        training = self.start(
            self.worker, training__optimizer="sgd", training__momentum=momentum, training__learning_rate=rate,
            training__weight_decay=decay)
        velocity = [0, 0]
        for step in range(4):
            before = self.parameters(training)
            loss = training.owner.loss(training.model, *training.draw(step))
            gradients = self.torch.autograd.grad(loss, list(training.network.parameters()))
            velocity = [momentum * one + gradient for one, gradient in zip(velocity, gradients)]
            training.step(step)
            for one, old, moved in zip(self.parameters(training), before, velocity):
                self.torch.testing.assert_close(one, old * (1 - rate * decay) - rate * moved, rtol=1e-5, atol=1e-7)

    def test_who_has_an_optimiser_of_his_own_reads_no_other(self):
        self.assertIn("training.momentum", self.worker.reads)
        self.assertNotIn("training.optimizer", self.decaying.reads)
        self.assertNotIn("training.momentum", self.decaying.reads)
        self.assertIn("training.weight_decay", self.decaying.reads)

    def test_a_training_by_sgd_goes_on(self):
        def start():
            return self.start(self.worker, training__optimizer="sgd", training__momentum=0.5, training__learning_rate=1e-4)
        whole, cut, rest = start(), start(), start()
        for step in range(5):
            whole.step(step)
        for step in range(2):
            cut.step(step)
        rest.restore({name: np.array(value) for name, value in cut.state().items()})
        for step in range(2, 5):
            rest.step(step)
        for name, value in whole.state().items():
            np.testing.assert_array_equal(value, rest.state()[name])


if __name__ == "__main__":
    unittest.main()
