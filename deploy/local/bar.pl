# Counts the lines of its input that match a pattern and shows how far a long step is:
# a bar on a terminal, a line for every tenth elsewhere. Arguments: WHAT PATTERN TOTAL LOG.
# A total of 0 is unknown: then only the count is shown. Every line goes to the log as well.
# (Perl, because a bare Debian has it before anything else is installed.)
use strict;
use warnings;

my ($what, $pattern, $total, $log) = @ARGV;
open my $file, '>>', $log or die "$log: $!\n";
$| = 1;
my ($done, $shown, $tty) = (0, 0, -t STDOUT);

sub text {
    return "  $what: $done" if !$total;
    my $share = $done / $total;
    $share = 1 if $share > 1;
    my $filled = int(30 * $share);
    return sprintf "  %s [%s%s] %3d %%", $what, '#' x $filled, '.' x (30 - $filled), 100 * $share;
}

while (my $line = <STDIN>) {
    print {$file} $line;
    next if $line !~ /$pattern/;
    $done++;
    my $tenth = $total ? int(10 * $done / $total) : int($done / 100);
    if ($tty) { print "\r", text() }
    elsif ($tenth > $shown && $tenth <= 10) { print text(), "\n"; $shown = $tenth }
}
print "\n" if $tty && $done;
print text(), "\n" if !$tty && $done && (!$total || $shown < 10);
