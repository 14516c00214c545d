"""The loader's random numbers and transforms, in Python: what is random in a sample depends on seed and index alone."""

import math

import torch
import torchvision.transforms.functional as F

MASK = 0xFFFFFFFF


class Random:
    """`tx::Random`: Philox4x32-10, keyed by the epoch's seed, with the sample's index as upper half of the counter."""

    def __init__(self, seed, index):
        self.key = (seed & MASK, seed >> 32)
        self.counter = [0, 0, index & MASK, index >> 32]
        self.numbers = []

    def block(self):
        (k0, k1), (c0, c1, c2, c3) = self.key, self.counter
        for _ in range(10):
            p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
            c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & MASK, (p0 >> 32) ^ c3 ^ k1, p0 & MASK
            k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
        self.counter[0] += 1
        return [c3, c2, c1, c0]

    def next(self):
        self.numbers = self.numbers or self.block()
        return self.numbers.pop()

    def uniform(self, low=0.0, high=1.0):
        upper, lower = self.next() >> 5, self.next() >> 6
        return low + (high - low) * ((upper << 26 | lower) * 2.0**-53)

    def below(self, count):
        return int(self.uniform() * count)


def horizontal_flip(image, random, p=0.5):
    return F.hflip(image) if random.uniform() < p else image


def crop(image, random, size, padding=0, pad_if_needed=False, fill=0):
    image = F.pad(image, padding, fill) if padding else image
    if pad_if_needed:
        image = F.pad(image, [max(0, size - side) for side in reversed(image.shape[-2:])], fill)
    height, width = image.shape[-2:]
    if (height, width) == (size, size):
        return image
    top = random.below(height - size + 1)
    return F.crop(image, top, random.below(width - size + 1), size, size)


def erasing(image, random, p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0):
    if random.uniform() >= p:
        return image
    height, width = image.shape[-2:]
    for _ in range(10):
        area = height * width * random.uniform(*scale)
        shape = math.exp(random.uniform(math.log(ratio[0]), math.log(ratio[1])))
        rows, columns = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
        if rows < height and columns < width:
            top = random.below(height - rows + 1)
            left = random.below(width - columns + 1)
            return F.erase(image, top, left, rows, columns, torch.tensor(float(value)))
    return image


STEPS = {"RandomHorizontalFlip": horizontal_flip, "RandomCrop": crop, "RandomErasing": erasing}


def augment(image, configs, random):
    """The image, through a config's "augment"."""
    for config in configs:
        arguments = dict(config)
        image = STEPS[arguments.pop("name")](image, random, **arguments)
    return image
