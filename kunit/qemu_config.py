# SPDX-License-Identifier: GPL-2.0
"""The guest of `make check`, for kunit.py --qemu_config.

What differs from guest to guest comes through the environment, from
scripts/check:
  SPCPU_MACHINE  QEMU's -smp, -object and -numa arguments
  SPCPU_INITRD   the initramfs
  SPCPU_VERDICT  the file behind the second serial port
  SPCPU_APPEND   more kernel parameters
"""

import os
import shlex

from ..qemu_config import QemuArchParams  # kunit.py's own

QEMU_ARCH = QemuArchParams(
    linux_arch='x86_64',
    kconfig='''
CONFIG_SERIAL_8250=y
CONFIG_SERIAL_8250_CONSOLE=y''',
    qemu_arch='x86_64',
    kernel_path='arch/x86/boot/bzImage',
    kernel_command_line=' '.join([
        'console=ttyS0 panic=-1 no_timer_check printk.devkmsg=on',
        os.environ.get('SPCPU_APPEND', ''),
    ]),
    extra_qemu_params=[
        # without a shared cache: one that reaches over two nodes makes 6.1 warn
        '-cpu', 'Nehalem,l3-cache=off',
        '-bios', 'qboot.rom',
        '-initrd', os.environ.get('SPCPU_INITRD', ''),
        '-serial', 'file:' + os.environ.get('SPCPU_VERDICT', '/dev/null'),
        *shlex.split(os.environ.get('SPCPU_MACHINE', '')),
    ])
