# SPDX-License-Identifier: GPL-2.0
"""How the documentation is built (`make htmldocs`), which says where the kernel's own
kernel-doc is: $SPCPU_TREE, a kernel's source."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TREE = Path(os.environ['SPCPU_TREE'])
sys.path.insert(0, str(TREE / 'Documentation' / 'sphinx'))

project = 'shadow_percpu'
copyright = 'the shadow_percpu authors'  # pylint: disable=redefined-builtin
version = release = subprocess.run([ROOT / 'scripts' / 'version'], check=True,
                                   capture_output=True, text=True).stdout.strip()

extensions = ['kerneldoc']
kerneldoc_bin = str(TREE / 'scripts' / 'kernel-doc')
kerneldoc_srctree = str(ROOT)

exclude_patterns = ['modprobe.d']
primary_domain = 'c'
highlight_language = 'none'
c_id_attributes = ['__percpu']
c_paren_attributes = ['__alloc_size']

# what C has and the kernel defines is described elsewhere
nitpick_ignore_regex = [('c:identifier', '.*')]
html_theme = 'alabaster'
html_theme_options = {
    'description': 'the percpu allocator, beside the kernel’s own',
    'fixed_sidebar': True,
    'page_width': '76rem',
    'sidebar_width': '17rem',
    'font_size': '15px',
    'code_font_size': '0.82em',
    # as long as the rows of a dump
    'body_max_width': 'none',
}
html_sidebars = {'**': ['about.html', 'navigation.html', 'searchbox.html']}
html_copy_source = False
html_show_sphinx = False
