"""One case a driver: how its instrument answers by the protocol card, and what the suite expects.

The tables are transcripts, written down by hand from the cards; they share no code with the
simulators, which the suite runs against as well.
"""

from __future__ import annotations

import struct

from labctl.testing import Answer, Case


def _arroyo(said: str = "Arroyo 4308 1000123 v2.31") -> Answer:
    state = {"out": 1, "set": 500.0, "lim": 3000.0}

    def answer(data: bytes) -> bytes | None:
        text = data.decode().strip()
        name, _, value = text.partition(" ")
        if name == "LAS:OUT":
            state["out"] = int(value)
        elif name == "LAS:LDI":
            state["set"] = float(value)
        elif name == "LAS:LIM:LDI":
            state["lim"] = float(value)
        replies = {
            "*IDN?": said,
            "LAS:OUT?": str(state["out"]),
            "LAS:SET:LDI?": f"{state['set']:.2f}",
            "LAS:LDI?": f"{state['set'] * state['out']:.1f}",
            "LAS:LIM:LDI?": f"{state['lim']:.1f}",
            "LAS:COND?": str(1024 * state["out"]),
            "LAS:EVE?": "0",
            "KEY?": "1",
            "ERR?": "0",
        }
        return replies[text].encode() + b"\r\n" if text in replies else None

    return answer


def _easyheat() -> Answer:
    # From the manual: what sets something is answered with nothing, the data line has eight fields.
    state = {"hon": 1, "amps": 80.0}

    def answer(data: bytes) -> bytes | None:
        _, name, *rest = data.decode().strip().split(",")
        if name in ("hon", "hoff"):
            state["hon"] = int(name == "hon")
        elif name == "amps":
            state["amps"] = float(rest[0])
        flows = state["amps"] * state["hon"]
        replies = {
            "maxamps": "400",
            "rdata": f"1,{state['hon']:.0f},{state['amps']:.1f},{flows:.1f},140,312,1826,214",
        }
        return replies[name].encode() + b"\r\n" if name in replies else None

    return answer


def _cni() -> Answer:
    return lambda data: data


def _center() -> Answer:
    # From the maker's sheet: T1 23.9 degC, the other inputs open.
    packet = bytes.fromhex(
        "02 80 06 01 02 02 02 00 EF 7F FF 7F FF 7F FF 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
        "00 00 00 00 00 00 00 00 00 0E 00 00 00 0E 03"
    )
    table = {b"K": b"309\r", b"A": packet}
    return table.get


def _fob() -> Answer:
    # From the guide: a prompt ends every answer; channel 2 has no probe.
    table = {b"b\r": b"b:32.2\r*", b"uc\r": b"*", b"q+\r": b"*", b"t1\r": b"+24.3\r*",
             b"t2\r": b"---.-\r*"}  # fmt: skip
    return table.get


def _keithley() -> Answer:
    table = {
        b"*IDN?\n": b"KEITHLEY INSTRUMENTS,MODEL DAQ6510,04591126,1.7.12b\n",
        b"*LANG?\n": b"SCPI\n",
        b"ROUT:TERM?\n": b"REAR\n",
        b"SYST:CARD1:IDN?\n": b"7700,20Ch Mux w/CJC,01.02b,12345678\n",
        b"SYST:ERR?\n": b'0,"No error;0;0 0"\n',
        b"ROUT:SCAN:COUN:STEP?\n": b"2\n",
        b"TEMP:ODET? (@101)\n": b"1\n",
        b"TEMP:ODET? (@102)\n": b"1\n",
        b'TRAC:ACT? "defbuffer1"\n': b"2\n",
        b'TRAC:DATA? 1, 2, "defbuffer1", READ, CHAN\n': b"2.350000E+01,101,2.210000E+01,Rear\n",
    }
    return table.get


def _keysight() -> Answer:
    table = {
        b"*IDN?\n": b"HEWLETT-PACKARD,34970A,0,13-2-2\r\n",
        b"SYST:CTYP? 100\n": b"HEWLETT-PACKARD,34901A,0,2.3\r\n",
        b"SYST:ERR?\n": b'+0,"No error"\r\n',
        b"ROUT:SCAN:SIZE?\n": b"+2\r\n",
        b"SENS:TEMP:TRAN:TC:CHECK? (@101,102)\n": b"1,1\r\n",
        b"READ?\n": b"+2.35000000E+01,+2.21000000E+01\r\n",
    }
    return table.get


def _ophir() -> Answer:
    state = {"AR": "0", "AW": "1"}

    def answer(data: bytes) -> bytes | None:
        text = data.decode().strip()[1:]
        if text.startswith("WN"):
            state["AR"] = text[2:]
        elif text.startswith("WI"):
            state["AW"] = text[2:]
        replies = {
            "II": "* VEGA 113217 VEGA",
            "VE": "*VE1.23",
            "HI": "* TH 12345 3A-P 00000001",
            "FP": "*",
            "FQ": "?$FQ",
            "SI": "* W",
            "SP": "*1.300E-2",
            "AR": f"* {state['AR']} AUTO 3.00W 300mW 30.0mW",
            "AW": f"*CONTINUOUS 190 20000 {state['AW']} 633 808 10600 NONE NONE NONE",
        }
        return (replies.get(text, "*") + "\r\n").encode()

    return answer


def _tc08() -> Answer:
    values = "22.5,23.5,22.1" + ",nan" * 6
    table = {
        b"INFO\n": b"TC08 A0061/752 2.1\n",
        b"GET\n": f"0,{values}\n".encode(),
        b"INTERVAL\n": b"300\n",
    }
    return lambda data: table.get(data, b"OK\n")


def _pm100() -> Answer:
    table = {
        b"*IDN?\n": b"Thorlabs,PM100D,P0027168,2.7.0\n",
        b"SYST:SENS:IDN?\n": b'"S310C","130906","08-SEP-2025",2,1,33\n',
        b"SENS:POW:UNIT?\n": b"W\n",
        b"SENS:CORR:WAV?\n": b"8.080000E+02\n",
        b"SENS:CORR:LOSS:INP:MAGN?\n": b"0.00000000E+00\n",
        b"SYST:ERR?\n": b'+0,"No error"\n',
        b"READ?\n": b"1.98000000E-02\n",
    }
    return table.get


def _e36300() -> Answer:
    state = {"OUTP": "1", "VOLT": "5", "CURR": "1", "VOLT:PROT": "27", "VOLT:SENS:SOUR": "INT"}

    def answer(data: bytes) -> bytes | None:
        text = data.decode().strip()
        name, _, rest = text.partition(" ")
        if not name.endswith("?"):
            state[name] = rest.partition(",")[0]
            return None
        volts = float(state["VOLT"]) * int(state["OUTP"])
        replies = {
            "*IDN?": "Keysight Technologies,E36312A,MY59002391,2.1.0-1.0.4-1.12",
            "SYST:ERR?": '+0,"No error"',
            "MEAS:VOLT?": f"{volts:+.8E}",
            "MEAS:CURR?": f"{volts / 100.0:+.8E}",
            "VOLT:PROT:TRIP?": "0",
            "CURR:PROT:TRIP?": "0",
        }
        return replies.get(name, state.get(name[:-1], "0")).encode() + b"\n"

    return answer


def _srs() -> Answer:
    state = {"LDON": "ON", "SILD": "500", "SILM": "2000", "SMOD": "CP", "TEON": "ON"}

    def answer(data: bytes) -> bytes | None:
        name, _, value = data.decode().strip().partition(" ")
        if not name.endswith("?"):
            state[name] = value
            return None
        replies = {
            "*IDN?": "Stanford Research Systems,LDC502,s/n098023,ver2.00",
            "RILD?": f"{float(state['SILD']) * (state['LDON'] == 'ON'):.3f}",
            "ILOC?": "CLOSED",
        }
        return replies.get(name, state.get(name[:-1], "0")).encode() + b"\n"

    return answer


def _thorlabs_ld() -> Answer:
    state = {"OUTP1:STAT": "1", "SOUR1:CURR": "0.5", "SOUR1:CURR:LIM": "5"}

    def answer(data: bytes) -> bytes | None:
        name, _, value = data.decode().strip().partition(" ")
        if not name.endswith("?"):
            state[name] = value
            return None
        replies = {
            "*IDN?": "THORLABS,ITC4020,E12345678,1.4.0/2.0.3/1.6.0",
            "SYST:ERR?": '+0,"No error"',
            "MEAS:CURR?": f"{float(state['SOUR1:CURR']) * int(state['OUTP1:STAT']):.6E}",
            "OUTP2:STAT?": "1",
        }
        return replies.get(name, state.get(name[:-1], "0")).encode() + b"\n"

    return answer


def _sc10() -> Answer:
    # Left open by whoever was there before.
    state = {"on": True}

    def answer(data: bytes) -> bytes | None:
        text = data.decode().strip()
        if text == "ens":
            state["on"] = not state["on"]
        replies = {
            "id?": "THORLABS SC10 VERSION 1.07",
            "mode?": "1",
            "ens?": str(int(state["on"])),
            "closed?": str(int(not state["on"])),
            "interlock?": "0",
        }
        value = replies.get(text)
        return data + (value.encode() + b"\r" if value is not None else b"") + b"> "

    return answer


def _numato() -> Answer:
    # Left on by whoever was there before. The end switch is wired to input 3.
    state = {"on": True}

    def answer(data: bytes) -> bytes | None:
        said = b""
        for line in data.split(b"\r")[:-1]:
            if line in (b"relay on 0", b"relay off 0"):
                state["on"] = line == b"relay on 0"
            replies = {
                b"ver": b"00000008",
                b"id get": b"00000001",
                b"relay read 0": b"on" if state["on"] else b"off",
                b"gpio read 3": b"1" if state["on"] else b"0",
            }
            value = replies.get(line)
            said += line + b"\n\r" + (b"" if value is None else value + b"\n\r") + b">"
        return said

    return answer


def _mcu() -> Answer:
    state = {"name": "CLOSED", "next": "7", "timeout": "1000"}

    def answer(data: bytes) -> bytes | None:
        verb, _, value = data.decode().strip().partition(" ")
        if verb == "ID?":
            return f"LABCTL-DEADMAN,1,23,{state['timeout']}\n".encode()
        if verb == "TIMEOUT":
            state["timeout"] = value
        elif verb == "OPEN":
            state["name"] = "OPEN"
        elif verb == "CLOSE":
            state.update({"name": "CLOSED", "next": "0"})
        elif verb == "FEED":
            if value != state["next"]:
                return b"ERROR,number\n"
            state["next"] = str(int(value) + 1)
        contact = int(state["name"] == "CLOSED")
        return f"STATE,{state['name']},{contact},400,{state['next']},0\n".encode()

    return answer


def _t7() -> Answer:
    registers = {
        55100: 0x00112233, 60000: 0x40E00000, 60004: 0x3F83EF14, 60028: 470012345,
        2850: 1, 61600: 0, 61604: 0, 61610: 0, 61612: 0, 61620: 0, 61630: 0, 61632: 0, 61634: 0,
        61636: 0,
    }  # fmt: skip
    line = {"high": 1}

    def answer(data: bytes) -> bytes | None:
        function, address, count = data[7], int.from_bytes(data[8:10], "big"), data[11]
        if function == 16:
            value = int.from_bytes(data[13:], "big")
            if address == 2000:
                line["high"] = value
            else:
                registers[address] = value
            body = data[7:12]
        else:
            # The second contact on line 1 is low while the relay is closed.
            held = registers.get(address, 0b11 ^ (line["high"] << 1) ^ (line["high"] ^ 1))
            body = bytes((3, 2 * count)) + held.to_bytes(2 * count, "big")
        return data[:4] + (len(body) + 1).to_bytes(2, "big") + data[6:7] + body

    return answer


def _t7_laser() -> Answer:
    # Lit by whoever was there before: gate high, 2 V.
    held: dict[int, bytes] = {
        55100: bytes.fromhex("00112233"), 60000: struct.pack(">f", 7.0),
        60004: struct.pack(">f", 1.03), 60028: struct.pack(">I", 470012345),
        1000: struct.pack(">f", 2.0), 2800: b"\0\0\0\1", 2850: b"\0\0\0\1",
        **{at: bytes(4) for at in (*range(61600, 61640, 2), 61640, 61642)},
    }  # fmt: skip

    def answer(data: bytes) -> bytes | None:
        function, address = data[7], int.from_bytes(data[8:10], "big")
        if function == 16:
            held[2800 if address == 2000 else address] = data[13:].rjust(4, b"\0")
            body = data[7:12]
        else:
            body = bytes((3, 4)) + held[address]
        return data[:4] + (len(body) + 1).to_bytes(2, "big") + data[6:7] + body

    return answer


def _t7_logger() -> Answer:
    held: dict[int, bytes] = {
        55100: bytes.fromhex("00112233"), 60000: struct.pack(">f", 7.0),
        60004: struct.pack(">f", 1.03), 60028: struct.pack(">I", 470012345),
        7000: struct.pack(">f", 23.51), 7004: struct.pack(">f", 22.12),
    }  # fmt: skip

    def answer(data: bytes) -> bytes | None:
        function, address = data[7], int.from_bytes(data[8:10], "big")
        if function == 16:
            held[address] = data[13:]
            body = data[7:12]
        else:
            body = bytes((3, len(held[address]))) + held[address]
        return data[:4] + (len(body) + 1).to_bytes(2, "big") + data[6:7] + body

    return answer


def _cobolt() -> Answer:
    # Lit by whoever was there before; starts by itself.
    state = {"l": "1", "p": "0.1000", "@cobas": "1"}

    def answer(data: bytes) -> bytes | None:
        text = data.decode().strip()
        name, _, value = text.partition(" ")
        if text in ("l0", "l1"):
            state["l"] = text[1]
        elif value:
            state[name] = value
        elif text.endswith("?"):
            told = {
                "glm": "0808-06-01-0200-100",
                "gsn": "22345",
                "gfv": "9.001",
                "ilk": "0",
                "gkses": "1",
                "f": "0",
                "pa": state["p"] if state["l"] == "1" else "0.0000",
            }
            return {**told, **state}[text[:-1]].encode() + b"\r\n"
        return b"OK\r\n"

    return answer


def _obis() -> Answer:
    # On a Remote with its key on; lit by whoever was there before, by a digital input.
    state = {"SOUR:AM:STAT": "ON", "SOUR:AM:SOUR": "DIGITAL", "SOUR:TEMP:APR": "OFF",
             "SYST:AUT": "ON", "SOUR:POW:LEV:IMM:AMPL": "0.05000"}  # fmt: skip

    def answer(data: bytes) -> bytes | None:
        name, _, value = data.decode().strip().partition(" ")
        if not name.endswith("?"):
            state["SOUR:AM:SOUR" if name == "SOUR:AM:INT" else name] = value
            return b"OK\r\n"
        lit = state["SOUR:AM:STAT"] == "ON"
        told = {
            "*IDN": "Coherent, Inc-OBIS 808nm-V2.3-20120101",
            "SYST:INF:MOD": "OBIS 808 LX",
            "SYST:INF:SNUM": "S000731",
            "SYST:INF:FVER": "V2.3",
            "SYST:FAUL": "00000000",
            "SYST:LOCK": "ON",
            "SYST:STAT": "C8001002" if lit else "C8001008",
            "SOUR:POW:LIM:LOW": "0.00100",
            "SOUR:POW:LEV": state["SOUR:POW:LEV:IMM:AMPL"] if lit else "0.00000",
        }
        return {**told, **state}[name[:-1]].encode() + b"\r\nOK\r\n"

    return answer


def _ipg() -> Answer:
    # Lit by whoever was there before.
    state = {"lit": True, "RPS": "2.50"}

    def answer(data: bytes) -> bytes | None:
        letters, _, value = data.decode().strip().partition(" ")
        if letters in ("EMON", "EMOFF"):
            state["lit"] = letters == "EMON"
            return letters.encode() + b"\r"
        if letters == "SPS":
            state["RPS"] = value
            return f"SPS: {value}\r".encode()
        told = {"RMN": "YLM-10-SF", "RFV": "1.0.114", "RNP": "0.200", "RMP": "10.5",
                "STA": str(int(state["lit"])), "RPS": state["RPS"],
                "ROP": state["RPS"] if state["lit"] else "Off"}  # fmt: skip
        return f"{letters}: {told[letters]}\r".encode() if letters in told else None

    return answer


def _pymeasure(**properties: str) -> Answer:
    def answer(data: bytes) -> bytes | None:
        verb, _, rest = data.decode().strip().partition(" ")
        if verb == "WHO":
            return b"OK PyMeasure|lakeshore.LakeShore211|LSCI,MODEL211,0,1.0\n"
        if verb == "SET":
            return b"OK\n"
        return f"OK {properties[rest]}\n".encode()

    return answer


def _hand_held(first: int, *, mode: int = 0x80, overload: int = 0, whole: int = 0) -> bytes:
    """A packet of a hand-held meter with so many tenths on its first input."""
    packet = bytearray(45)
    packet[0], packet[1], packet[44] = 2, mode, 3
    packet[7:9] = first.to_bytes(2, "big")
    packet[39], packet[43] = overload, whole
    return bytes(packet)


def _logger() -> Answer:
    state = {"beat": "BEAT,DROPPED,5000,1"}

    def answer(data: bytes) -> bytes | None:
        verb, _, value = data.decode().strip().partition(" ")
        if verb == "ID?":
            return b"LABCTL-TC,1,7,2\n"
        if verb == "BEAT":
            state["beat"] = f"BEAT,{'ON' if value != '0' else 'OFF'},{value},1"
        if verb == "READ":
            return b"TEMPS,5000,ON,23.25,24.0625,OK,22.00,24.1250,OK\n"
        return state["beat"].encode() + b"\n"

    return answer


def _heidolph() -> Answer:
    state = {"IN_SP_3": "100.0", "STATUS": "0"}
    told = {"IN_PV_1": "24.5", "IN_PV_3": "25.0", "IN_PV_5": "398.0"}
    plain = ("PA_NEW", "CC_OFF", "STOP_1", "STOP_2", "START_2")

    def answer(data: bytes) -> bytes | None:
        text = data.decode().strip()
        name, _, value = text.partition(" ")
        values = {**told, **state}
        if name == "OUT_SP_3":
            state["IN_SP_3"] = f"{float(value):.1f}"
            return f"{name} {state['IN_SP_3']}\r\n".encode()
        if name in plain:
            state["STATUS"] = {"START_2": "1", "STOP_1": "2"}.get(name, state["STATUS"])
            return f"{name}\r\n".encode()
        if name == "SW_VERS":
            return b"MR Hei-Connect V1.23\r\n"
        return f"{name} {values[name]}\r\n".encode() if name in values else None

    return answer


def _julabo() -> Answer:
    # Regulating, by whoever was there before.
    state = {"on": 1, "set": 60.0}

    def answer(data: bytes) -> bytes | None:
        text = data.decode().strip()
        name, _, value = text.partition(" ")
        if name == "out_mode_05":
            state["on"] = int(value)
        elif name == "out_sp_00":
            state["set"] = float(value)
        replies = {
            "version": "JULABO CORIO CD-200F VERSION 1.0",
            "status": "03 REMOTE START" if state["on"] else "02 REMOTE STOP",
            "in_pv_00": "24.87",
            "in_pv_04": "70.0",
            "in_sp_00": f"{state['set']:.2f}",
            "in_mode_05": str(state["on"]),
        }
        return replies[text].encode() + b"\n" if text in replies else None

    return answer


def _new_era() -> Answer:
    # Infusing, by whoever was there before.
    state = {"status": "I", "DIA": "26.59", "RAT": "1.000MM", "VOL": "0.000ML"}

    def answer(data: bytes) -> bytes | None:
        text = data.decode().strip().replace(" ", "")[1:]
        name, value = text[:3], text[3:]
        said = ""
        if name == "STP":
            state["status"] = "P" if state["status"] == "I" else "S"
        elif name == "RUN":
            state["status"] = "I"
        elif name == "VER":
            said = "NE1000V3.928"
        elif name == "DIS":
            said = "I0.000W0.000UL"
        elif name in ("DIA", "RAT", "VOL") and not value:
            said = state[name]
        elif name in ("DIA", "RAT") or (name == "VOL" and value != "UL"):
            state[name] = value + ("UL" if name == "VOL" else "")
        return f"\x0200{state['status']}{said}\x03".encode()

    return answer


def _table() -> Answer:
    def answer(data: bytes) -> bytes | None:
        verb = data.decode().split()[0]
        return {"WHO": b"TABLE plate.csv\n", "COUNT": b"ROWS 3\n", "ROW": b"VALUE 0.25\n"}.get(verb)

    return answer


def _fluorimeter() -> Answer:
    state = {"n": 0}

    def answer(data: bytes) -> bytes | None:
        text = data.decode().strip()
        if text.startswith("BEGIN "):
            state["n"] = int(text[6:])
            return f"BEGUN,{text[6:]},2000\n".encode()
        replies = {
            "ID?": "LABCTL-FL,1,17,2",
            "STOP": "IDLE",
            "RESULT?": f"DONE,{state['n']},12040.25,40.75,OK",
        }
        return replies[text].encode() + b"\n" if text in replies else b"ERROR,unknown\n"

    return answer


def _ika() -> Answer:
    # Heating, by whoever was there before.
    state = {"heats": True, "1": 80.0, "4": 0.0}

    def answer(data: bytes) -> bytes | None:
        text = data.decode().strip()
        name, at, value = text.partition("@")
        if at:
            return f"{float(value):.1f} \r\n".encode()
        name, _, value = text.partition(" ")
        if name in ("START_1", "STOP_1"):
            state["heats"] = name == "START_1"
        elif name.startswith("OUT_SP_"):
            state[name[-1]] = float(value)
        replies = {
            "IN_NAME": "C-MAG HS7",
            "IN_PV_1": "24.5 1",
            "IN_PV_2": "24.6 2",
            "IN_SP_1": f"{state['1']:.1f} 1",
            "IN_SP_3": "250.0 3",
            "STATUS_1": f"{11 if state['heats'] else 12} 1",
        }
        return replies[text].encode() + b" \r\n" if text in replies else None

    return answer


CASES: dict[str, Case] = {
    "ambrell-easyheat": Case(
        _easyheat,
        stranger=b"ERR 1\r\n",
        garbage=b"1,0,rubbish,,,,,\r\n",
        off=b"1,hoff\r",
        on=b"1,hon\r",
        level=150.0,
        refused=(250.1, 1e9, -0.1, float("nan")),
        settings={"max_current": "250 A"},
    ),
    "arroyo-laser": Case(
        _arroyo,
        stranger=b"Arroyo 5310 1000123 v2.31\r\n",
        off=b"LAS:OUT 0\r\n",
        on=b"LAS:OUT 1\r\n",
        level=1.25,
        refused=(2.001, 1e9, -0.1, float("nan")),
        settings={"max_current": "2 A"},
    ),
    "center-309": Case(
        _center,
        stranger=b"ERR=1",
        garbage=_hand_held(0x00EF, overload=0xF0),
        invalid={
            _hand_held(0x7FFF): "open",
            _hand_held(0x8000): "open",
            _hand_held(0x00EF, overload=1): "open",
            _hand_held(0x00EF, whole=1): "range",
            _hand_held(0x7000): "range",
            _hand_held(0x00EF, mode=0xA0): "device",
            _hand_held(0x00EF, mode=0x82): "device",
        },
    ),
    "cni-laser": Case(
        _cni,
        stranger=b"ERR=1",
        off=bytes.fromhex("55 AA 03 00 03"),
        on=bytes.fromhex("55 AA 03 01 04"),
        level=0.5,
        refused=(1.501, 1e9, -0.1, float("nan")),
        settings={"max_power": "1.5 W"},
    ),
    "cobolt-laser": Case(
        _cobolt,
        stranger=b"0532-05-01-0100-300\r\n",
        off=b"l0\r",
        on=b"l1\r",
        level=0.9,
        refused=(1.001, 1e9, -0.1, float("nan")),
        settings={"max_power": "1 W"},
    ),
    "ilx-laser": Case(
        lambda: _arroyo("ILX Lightwave,LDX-3232,32320007,1.60"),
        # Counts in amperes.
        stranger=b"ILX Lightwave,LDX-36025-12,36250007,1.10\r\n",
        off=b"LAS:OUT 0\r\n",
        on=b"LAS:OUT 1\r\n",
        level=1.25,
        refused=(2.001, 1e9, -0.1, float("nan")),
        settings={"max_current": "2 A"},
    ),
    "csv-assay": Case(
        _table,
        stranger=b"ERROR it has no column value\n",
        invalid={b"VALUE low\n": "device", b"VALUE nan\n": "device"},
        garbage=b"VALUE\n",
        settings={"species": ["quinidine", "doxorubicin"], "takes": "21 s"},
    ),
    "heidolph-hotplate": Case(
        _heidolph,
        stranger=b"IKARCT \r\n",
        invalid={b"IN_PV_1 999.9\r\n": "open", b"IN_PV_1 -40.0\r\n": "range"},
        garbage=b"IN_PV_1 2\xff.4\r\n",
        settings={"stir": 400},
    ),
    "ika-hotplate": Case(
        _ika,
        stranger=b"MR Hei-Connect \r\n",
        off=b"STOP_1 \r\n",
        on=b"START_1 \r\n",
        level=60.0,
        refused=(80.1, 1e9, -0.1, float("nan")),
        invalid={b"999.9 1\r\n": "range", b"-40.0 1\r\n": "range"},
        garbage=b"2\xff.4 1\r\n",
        settings={"max_temperature": "80 degC"},
    ),
    "ipg-laser": Case(
        _ipg,
        stranger=b"RMN: YLR-10-AC\r",
        off=b"EMOFF\r",
        on=b"EMON\r",
        level=0.9,
        refused=(2.001, 1e9, -0.1, float("nan")),
        garbage=b"ROP: 3.\xff\r",
        settings={"max_power": "2 W"},
    ),
    "julabo-circulator": Case(
        _julabo,
        stranger=b"HUBER CC-K6\n",
        off=b"out_mode_05 0\r",
        on=b"out_mode_05 1\r",
        level=37.0,
        refused=(60.1, 1e9, -0.1, float("nan")),
        garbage=b"2\xff.87\n",
        settings={"max_temperature": "60 degC"},
    ),
    "keithley-daq6510": Case(
        _keithley,
        stranger=b"KEITHLEY INSTRUMENTS,MODEL DMM6500,04394341,1.7.12b\n",
        reads=b"TRAC:DATA?",
        invalid={
            b"9.900000E+37,101,2.210000E+01,102\n": "open",
            b"-9.900000E+37,101,2.210000E+01,102\n": "open",
            b"1.500000E+03,101,2.210000E+01,102\n": "range",
        },
        settings={"channels": [101, 102]},
    ),
    "keysight-3497x": Case(
        _keysight,
        stranger=b"KEITHLEY INSTRUMENTS INC.,MODEL 2000,0000001,A01\n",
        invalid={
            b"+9.90000000E+37,+2.21000000E+01\r\n": "open",
            b"-9.90000000E+37,+2.21000000E+01\r\n": "open",
            b"+1.50000000E+03,+2.21000000E+01\r\n": "range",
            b"nan,+2.21000000E+01\r\n": "open",
        },
        settings={"channels": [101, 102]},
    ),
    "keysight-e36300": Case(
        _e36300,
        stranger=b"Agilent Technologies,E3646A,0,1.4-5.0-1.0\n",
        off=b"OUTP 0,(@2)\n",
        on=b"OUTP 1,(@2)\n",
        level=8.0,
        refused=(10.001, 1e9, -0.1, float("nan")),
        settings={"output": 2, "max_voltage": "10 V", "max_current": "150 mA"},
    ),
    "labjack-laser": Case(
        _t7_laser,
        stranger=bytes.fromhex("0001 0000 0007 01 03 04 0000 0000"),
        off=bytes.fromhex("FF00 0000 0009 01 10 07D0 0001 02 0000"),
        on=bytes.fromhex("FF02 0000 0009 01 10 07D0 0001 02 0001"),
        level=1.0,
        refused=(1.501, 1e9, -0.1, float("nan")),
        settings={"full_power": "4 W", "max_power": "1.5 W"},
    ),
    "labjack-t7": Case(
        _t7,
        stranger=bytes.fromhex("0001 0000 0007 01 03 04 0000 0000"),
        blocks=bytes.fromhex("0000 0009 01 10 07D0 0001 02 0000"),
        lets=bytes.fromhex("0000 0009 01 10 07D0 0001 02 0001"),
        settings={"line": 0, "sense": 1, "timeout": 2},
    ),
    "labjack-thermocouples": Case(
        _t7_logger,
        stranger=bytes.fromhex("0001 0000 0007 01 03 04 0000 0000"),
        garbage=bytes.fromhex("FFFF 0000 0003 01 03 00"),
        settings={"channels": [0, 2]},
    ),
    "mcu-deadman": Case(
        _mcu,
        stranger=b"LABCTL-TC,1.0,4\n",
        blocks=b"OPEN\n",
        lets=b"CLOSE\n",
        settings={"timeout": "500 ms"},
    ),
    "srs-laser": Case(
        _srs,
        stranger=b"Stanford Research Systems,SR830,s/n12345,ver1.07\n",
        off=b"\nLDON OFF\n",
        on=b"LDON ON\n",
        level=1.25,
        refused=(1.501, 1e9, -0.1, float("nan")),
        settings={"max_current": "1.5 A"},
    ),
    "thorlabs-laser": Case(
        _thorlabs_ld,
        stranger=b"THORLABS,TED4015,M00400000,1.8.0/1.5.0/2.3.0\n",
        off=b"OUTP1:STAT 0\n",
        on=b"OUTP1:STAT 1\n",
        level=1.25,
        refused=(2.001, 1e9, -0.1, float("nan")),
        settings={"max_current": "2 A"},
    ),
    "new-era-pump": Case(
        _new_era,
        stranger=b"\x0200SHA22V1.2\x03",
        off=b"0STP\r",
        on=b"0RUN\r",
        level=50e-9,
        refused=(1.01e-6, 0.0, -1e-9, float("nan"), 1.0),
        garbage=b"\x0200SI0.\xff\x03",
        settings={"syringes": {0: "14.4 mm"}, "most": "1 mL"},
    ),
    "numato-relay": Case(
        _numato,
        stranger=b"relay read 0\n\rno such command\n\r>",
        garbage=b"relay read 0\n\r\xff\xfe\n\r>",
        blocks=b"\rrelay off 0\r",
        lets=b"relay on 0\r",
        settings={"sense": 3},
    ),
    "obis-laser": Case(
        _obis,
        stranger=b"Coherent, Inc-LabMax TO-V1.2-20100101\r\nOK\r\n",
        off=b"SOUR:AM:STAT OFF\r\n",
        on=b"SOUR:AM:STAT ON\r\n",
        level=0.9,
        refused=(1.001, 1e9, -0.1, float("nan")),
        settings={"max_power": "1 W"},
    ),
    "omega-fob100": Case(
        _fob,
        stranger=b"NOVAII 113217*",
        garbage=b"rubbish\r*",
        invalid={b"---.-\r*": "open", b"+999.9\r*": "range"},
        reads=b"t1",
    ),
    "ophir-meter": Case(
        _ophir,
        stranger=b"?COMMAND\r\n",
        invalid={
            b"*OVER\r\n": "range",
            b"*9.9E37\r\n": "range",
            b"*NAN\r\n": "device",
            b"?NO HEAD\r\n": "device",
        },
        settings={"wavelength": "808 nm"},
    ),
    "mcu-fluorimeter": Case(
        _fluorimeter,
        stranger=b"LABCTL-TC,1,17,2\n",
        invalid={
            b"DONE,0,32767.00,40.75,SATURATED\n": "range",
            b"DONE,0,20000.00,18000.00,AMBIENT\n": "range",
            b"DONE,0,0.00,0.00,EMPTY\n": "device",
        },
        garbage=b"DONE,0,12\xff.0,1.00,OK\n",
        settings={"species": {"quinidine": 0, "doxorubicin": 1}},
    ),
    "mcu-thermocouples": Case(
        _logger,
        stranger=b"LABCTL-DEADMAN,1,23,1000\n",
        invalid={
            b"TEMPS,5000,ON,NAN,24.0625,OPEN,22.00,24.1250,OK\n": "open",
            b"TEMPS,5000,ON,NAN,24.0625,GND,22.00,24.1250,OK\n": "device",
            b"TEMPS,5000,ON,NAN,24.0625,GND+VCC,22.00,24.1250,OK\n": "device",
            b"TEMPS,5000,ON,NAN,NAN,BAD,22.00,24.1250,OK\n": "device",
            b"TEMPS,5000,ON,1400.25,24.0625,OK,22.00,24.1250,OK\n": "range",
            b"TEMPS,5000,ON,23.25,90.0000,OK,22.00,24.1250,OK\n": "range",
        },
        settings={"channels": [0, 1], "heartbeat": "5 s"},
    ),
    "pico-tc08": Case(
        _tc08,
        stranger=b"ERROR 10\n",
        invalid={
            b"0,22.5,nan,22.1,nan,nan,nan,nan,nan,nan\n": "open",
            b"2,22.5,1370.0,22.1,nan,nan,nan,nan,nan,nan\n": "open",
            b"0,22.5,1400.0,22.1,nan,nan,nan,nan,nan,nan\n": "range",
        },
        settings={"channels": [1, 2]},
    ),
    "pymeasure-meter": Case(
        lambda: _pymeasure(power="0.0125"),
        stranger=b"OK nobody\n",
        invalid={b"OK nan\n": "range", b"OK 9.9e+37\n": "range", b"OK 1200.0\n": "range"},
        settings={"setup": {"wavelength": 808}},
    ),
    "pymeasure-thermometer": Case(
        lambda: _pymeasure(temperature_A="296.5", temperature_B="295.0"),
        stranger=b"OK nobody\n",
        invalid={b"OK nan\n": "open", b"OK -9.9e+37\n": "open", b"OK 9000.0\n": "range"},
        settings={"read": {"1": "temperature_A", "2": "temperature_B"}, "unit": "K"},
    ),
    "thorlabs-sc10": Case(
        _sc10,
        stranger=b"id?\rTHORLABS TC200 VERSION 2.0\r> ",
        blocks=b"ens\r",
        lets=b"ens\r",
        asks=b"ens?\r",
    ),
    "thorlabs-pm100": Case(
        _pm100,
        stranger=b"OPHIR,NOVA II,1,1\n",
        invalid={b"9.9E+37\n": "range", b"-9.90000000E+37\n": "range"},
        settings={"wavelength": "808 nm"},
    ),
}
