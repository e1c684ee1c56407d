# Several runs of one scenario side by side: the share of all messages that were made and have arrived within a time, one
# panel per flow, one curve per run. A flow that a run starves is a curve that stays at the bottom. Drawn by hand, from the
# tables of complete runs; needs awk and sort. In the folder of the results:
#   gnuplot -e "runs='fifo priority fq-codel'; flows='monitor-a/wave phone/voice'" PATH/plots/latency-runs.gp
# Given by the caller: runs (folders), flows (FLEET/FLOW); if wanted limits (seconds, one per flow, 0 for none), output_name,
# format and theme (where theme.gp stands).

if (!exists('output_name')) output_name = 'latency-runs'
if (!exists('limits')) limits = ''
if (!exists('theme')) theme = ARG0[1 : strlen(ARG0) - strlen('latency-runs.gp')] . 'theme.gp'
panels = words(flows)
columns = panels > 2 ? 3 : panels
rows = (panels + columns - 1) / columns
curve_height = 190
row_height = 30 + curve_height + 52
width = 60 + 300 * columns
height = rows * row_height + 34
load theme

# Upper end of a bucket of latencies, share of the messages made.
share_of(run, flow) = sprintf("< awk -F, -v flow='%s' 'FNR == NR { if ($4 == \"always\" && $6 == flow && $7 == \"created\" && $9 == \"count\") made += $10; next } $3 == \"always\" && $5 == flow && $6 == \"latency\" { print $9, $10 / made } END { if (made) { print 0.001, 0; print 10, 0 } }' %s/metrics.csv %s/hist.csv | sort -g", flow, run, run)
name_of(run) = run[strstrt(run, '/') + 1 : *]

set multiplot
set logscale x
set xrange [1e-3 : 10]
eval 'set xtics ' . time_ticks
eval 'set xtics add (' . minor_time_ticks . ')'
set yrange [-0.02 : 1.02]
set ytics ('0 %%' 0, '25 %%' 0.25, '50 %%' 0.5, '75 %%' 0.75, '100 %%' 1)
set xlabel 'latency' offset 0, 0.3
do for [panel = 1 : panels] {
    row = (panel - 1) / columns
    column = (panel - 1) % columns
    set lmargin at screen (60.0 + 300 * column) / width
    set rmargin at screen (60.0 + 300 * column + 240) / width
    set tmargin at screen 1.0 - (row * row_height + 30.0) / height
    set bmargin at screen 1.0 - (row * row_height + 30.0 + curve_height) / height
    set title word(flows, panel) font title_font offset 0, -0.4
    unset arrow
    if (words(limits) >= panel && real(word(limits, panel)) > 0) {
        set arrow from real(word(limits, panel)), graph 0 to real(word(limits, panel)), graph 1 nohead back \
            linestyle 7 linewidth 1
    }
    set ylabel column == 0 ? 'arrived, of those made' : '' offset 0.5, 0
    plot for [run = 1 : words(runs)] share_of(word(runs, run), word(flows, panel)) using 1:2 smooth cumulative \
        with lines linestyle run
}
unset xlabel
unset ylabel
unset title
unset tics
unset border
unset grid
unset arrow
unset logscale
set lmargin at screen 0.02
set rmargin at screen 0.98
set bmargin at screen 4.0 / height
set tmargin at screen 30.0 / height
set key center center horizontal samplen 4 font key_font
set xrange [0 : 1]
set yrange [0 : 1]
plot for [run = 1 : words(runs)] NaN with lines linestyle run title name_of(word(runs, run)), \
    NaN with lines linestyle 7 linewidth 1 title words(limits) > 0 ? 'limit' : ''
unset multiplot
set output
