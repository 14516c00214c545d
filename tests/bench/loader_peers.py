"""One run of another loader on the work of bench_loader.cpp, with the same line of JSON.

    loader_peers.py PEER WORK ROOT WORKERS EPOCHS

PEER: torch (as tutorials show it), torch-decode (torchvision's decode_jpeg instead of PIL), torch-indexing (whole
batches by indexing a tensor, no loader), mlx, dali, spdl (JPEGs only; spdl needs FFmpeg's libraries). Exit code 3: not
installed.
"""

import json
import sys
import time
from pathlib import Path

BATCH = {"memory": 256, "jpeg": 64, "tiny": 1024}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def torch_loader(dataset, work, workers):
    import torch

    return torch.utils.data.DataLoader(
        dataset, BATCH[work], shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )


def fashion_mnist(root):
    """The images, uint8 [N, 1, 28, 28], and the labels."""
    import gzip

    import numpy as np
    import torch

    def idx(name, skip):
        return torch.from_numpy(np.frombuffer(gzip.open(Path(root) / name).read(), np.uint8, offset=skip).copy())

    images = idx("train-images-idx3-ubyte.gz", 16).view(-1, 1, 28, 28)
    return images, idx("train-labels-idx1-ubyte.gz", 8).long()


def torch_peer(work, root, workers, decode=False):
    import torch
    from torchvision import datasets, transforms

    torch.set_num_threads(1)
    if work == "tiny":
        return torch_loader(torch.utils.data.TensorDataset(torch.rand(1_000_000, 4)), work, workers)
    if work == "memory":
        images, labels = fashion_mnist(root)
        transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.2860, 0.3530)])

        class FashionMNIST(torch.utils.data.Dataset):  # as torchvision's
            def __len__(self):
                return len(images)

            def __getitem__(self, index):
                from PIL import Image

                return transform(Image.fromarray(images[index, 0].numpy())), int(labels[index])

        return torch_loader(FashionMNIST(), work, workers)
    crop = [transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip()]
    if decode:
        last = [transforms.ConvertImageDtype(torch.float32), transforms.Normalize(MEAN, STD)]
        folder = datasets.ImageFolder(root, transforms.Compose(crop + last), loader=decode_file)
    else:
        folder = datasets.ImageFolder(
            root, transforms.Compose(crop + [transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
        )
    return torch_loader(folder, work, workers)


def decode_file(path):
    from torchvision import io

    return io.decode_jpeg(io.read_file(path), io.ImageReadMode.RGB)


def torch_indexing(work, root, workers):
    import torch

    torch.set_num_threads(max(workers, 1))
    if work == "memory":
        images, labels = fashion_mnist(root)
    else:
        images, labels = torch.rand(1_000_000, 4), None

    class Batches:
        def __iter__(self):
            for part in torch.randperm(len(images)).split(BATCH[work]):
                if labels is None:
                    yield images[part]
                else:
                    yield images[part].float().div_(255).sub_(0.2860).div_(0.3530), labels[part]

    return Batches()


def jpegs(root):
    return [
        (str(path), label)
        for label, folder in enumerate(sorted(Path(root).iterdir()))
        for path in sorted(folder.iterdir())
    ]


def mlx_peer(work, root, workers):
    import mlx.data as dx
    import numpy as np

    mean, std = np.float32(MEAN), np.float32(STD)
    files = [{"file": path.encode(), "label": label} for path, label in jpegs(root)]

    class Batches:
        def __iter__(self):
            return iter(
                dx.buffer_from_vector(files)
                .shuffle()
                .to_stream()
                .load_image("file", output_key="image")
                .image_random_area_crop("image", (0.08, 1.0), (3 / 4, 4 / 3))
                .image_resize("image", 224, 224)
                .image_random_h_flip("image", 0.5)
                .key_transform("image", lambda image: (image.astype(np.float32) / 255 - mean) / std)
                .batch(BATCH[work])
                .prefetch(2 * max(workers, 1), max(workers, 1))
            )

    return Batches()


def dali_peer(work, root, workers):
    from nvidia.dali import fn, pipeline_def, types
    from nvidia.dali.plugin.base_iterator import LastBatchPolicy
    from nvidia.dali.plugin.pytorch import DALIGenericIterator

    @pipeline_def(batch_size=BATCH[work], num_threads=max(workers, 1), device_id=None)
    def pipeline():
        encoded, label = fn.readers.file(file_root=root, random_shuffle=True, name="files")
        image = fn.decoders.image_random_crop(encoded, random_area=(0.08, 1.0), random_aspect_ratio=(3 / 4, 4 / 3))
        image = fn.resize(image, resize_x=224, resize_y=224, interp_type=types.INTERP_TRIANGULAR)
        image = fn.crop_mirror_normalize(
            image,
            mirror=fn.random.coin_flip(),
            mean=[255 * number for number in MEAN],
            std=[255 * number for number in STD],
        )
        return image, label

    built = pipeline()
    built.build()
    return DALIGenericIterator(
        built, ["image", "label"], reader_name="files", auto_reset=True, last_batch_policy=LastBatchPolicy.PARTIAL
    )


def spdl_peer(work, root, workers):
    import random

    import numpy as np
    import spdl.io
    from spdl.pipeline import PipelineBuilder
    from torchvision.transforms import RandomResizedCrop
    import torch

    files = jpegs(root)
    mean, std = np.float32(MEAN), np.float32(STD)
    size = torch.empty(1, 375, 500)

    def decode(batch):
        frames = []
        for path, _ in batch:
            top, left, height, width = RandomResizedCrop.get_params(size, (0.08, 1.0), (3 / 4, 4 / 3))
            flip = ",hflip" if random.random() < 0.5 else ""
            part = f"iw*{width / 500}:ih*{height / 375}:iw*{left / 500}:ih*{top / 375}"
            crop = f"crop={part},scale=224:224{flip},format=rgb24"
            packets = spdl.io.demux_image(path)
            frames.append(spdl.io.decode_packets(packets, filter_desc=crop))
        pixels = spdl.io.to_numpy(spdl.io.convert_frames(frames))
        return (pixels.astype(np.float32) / 255 - mean) / std, [label for _, label in batch]

    class Batches:
        def __iter__(self):
            order = random.sample(files, len(files))
            builder = PipelineBuilder().add_source(order).aggregate(BATCH[work])
            pipeline = builder.pipe(decode, concurrency=max(workers, 1)).add_sink(4).build(num_threads=max(workers, 1))
            with pipeline.auto_stop():
                yield from pipeline.get_iterator(timeout=60)

    return Batches()


PEERS = {
    "torch": torch_peer,
    "torch-decode": lambda *arguments: torch_peer(*arguments, decode=True),
    "torch-indexing": torch_indexing,
    "mlx": mlx_peer,
    "dali": dali_peer,
    "spdl": spdl_peer,
}


def main():
    peer, work, root, workers, epochs = sys.argv[1:]
    began = time.perf_counter()
    try:
        batches = PEERS[peer](work, root, int(workers))
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
    epochs_ms, ttfb_ms, count = [], None, 0
    for _ in range(int(epochs)):
        start = time.perf_counter()
        count = 0
        for _ in batches:
            count += 1
            if ttfb_ms is None:
                ttfb_ms = 1000 * (time.perf_counter() - began)
        epochs_ms.append(1000 * (time.perf_counter() - start))
    if count == 0:
        sys.exit(f"{peer} gave no batches")
    line = {"work": work, "workers": int(workers), "batches": count, "epochs_ms": epochs_ms, "ttfb_ms": ttfb_ms}
    print(json.dumps(line))


if __name__ == "__main__":
    main()
