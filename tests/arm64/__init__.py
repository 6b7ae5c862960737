"""`make arm64`: the service on ARM64, emulated by QEMU; on Debian or Ubuntu, without privileges.

`emulation.py` gets an emulator, a Python for ARM64 and the locked wheels. `served.py` starts
gunicorn in it. `__main__.py` packs models here, and proves, serves and tests them there.
"""
