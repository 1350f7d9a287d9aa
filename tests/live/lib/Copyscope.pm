# SPDX-License-Identifier: MIT
# All that live tests share, by one name: Run and Truth.
package Copyscope;

use strict;
use warnings;

use Exporter qw(import);
use Run;
use Truth;

our @EXPORT = (@Run::EXPORT, @Truth::EXPORT);

1;
