"""A bench from Python, one step at a time: by the engine, guard and record of any protocol.

    from labctl.notebook import bench

    async with bench(sample="pda-aminoacid", seed=1) as b:
        await b.baseline(for_="60 s")
        await b.irradiate(power="1 W", for_="10 min")
        await b.cool(for_="10 min")
    print(b.verdict.verdict, b.folder)

Keys and values of a step are those of a protocol file; `for_` and `with_` stand for `for` and
`with`. (`labctl.bench` is the room of bench files, so that this has a room of its own.)
"""

from labctl.notebook._bench import LiveBench, RunOverError, bench

__all__ = ["LiveBench", "RunOverError", "bench"]
