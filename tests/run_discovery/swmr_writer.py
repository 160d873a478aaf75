"""A detector's writer in a process of its own: `python -m tests.run_discovery.swmr_writer PATH N`.

Writes frames as lines come in on standard input ("write 3"), and answers each line when the frames
are flushed. "resize 3" makes room without writing, "finish" closes the file.
"""

import sys

import h5py
import hdf5plugin
import numpy as np

SHAPE = (32, 48)


def main(path: str, extent: int) -> None:
    with h5py.File(path, "w", libver="latest") as file:
        file.create_dataset("entry/start_time", data=np.bytes_("2026-11-20T10:00:00"))
        file.create_dataset("entry/instrument/detector/frame_time", data=0.01)
        data = file.create_dataset(
            "entry/data/data",
            shape=(extent, *SHAPE),
            maxshape=(None, *SHAPE),
            chunks=(1, *SHAPE),
            dtype="u2",
            **hdf5plugin.Bitshuffle(cname="lz4"),
        )
        file.swmr_mode = True
        written = 0
        print("ready", flush=True)
        for line in sys.stdin:
            word, _, number = line.strip().partition(" ")
            if word == "finish":
                break
            room = written + int(number)
            if data.shape[0] < room:
                data.resize(room, axis=0)
            if word == "write":
                for index in range(written, room):
                    data[index] = index + 1
                written = room
            data.flush()
            print("done", flush=True)
    print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
