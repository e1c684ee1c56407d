# Latency percentiles over virtual time, one panel per flow, with the attacks and faults as bands and the deadline as a
# line. Data: one block per flow; seconds of virtual time, p50, p99 in seconds, 1 for a point without neighbours
# (drawn as a point, not a line); an empty line where nothing arrived.
# Given by the run: data, output_name, caption, panels, panel_title[], deadline[] (seconds or NaN), low, high, end
# (seconds), bands, band_name[], band_from[], band_to[], band_is_attack[].

columns = panels > 1 ? 2 : 1
rows = (panels + columns - 1) / columns
curve_height = 130
row_height = 30 + curve_height + 48
legend_height = 34
width = columns == 1 ? 560 : 900
height = rows * row_height + legend_height + 26
load 'plots/lib/theme.gp'

in_minutes = end > 300
unit_s = in_minutes ? 60.0 : 1.0
set multiplot
set logscale y
# Room above the highest value for the names of the bands.
set yrange [lower_of(low) : upper_of((bands > 0 ? 5 : 1.1) * high)]
eval 'set ytics ' . time_ticks
set xrange [0 : *]
set xlabel in_minutes ? 'virtual time, min' : 'virtual time, s' offset 0, 0.3
set ylabel 'latency' offset -0.5, 0
set label 1 caption at screen 12.0 / width, screen 12.0 / height left font small_font textcolor rgb muted
do for [panel = 1 : panels] {
    row = (panel - 1) / columns
    column = (panel - 1) % columns
    set lmargin at screen (column + 0.0) / columns + 92.0 / width
    set rmargin at screen (column + 1.0) / columns - 22.0 / width
    set tmargin at screen 1.0 - (row * row_height + 30.0) / height
    set bmargin at screen 1.0 - (row * row_height + 30.0 + curve_height) / height
    set title panel_title[panel] font title_font offset 0, -0.4
    unset object
    unset arrow
    do for [band = 1 : bands] {
        set object band rectangle from band_from[band] / unit_s, graph 0 to band_to[band] / unit_s, graph 1 behind \
            fillcolor rgb (band_is_attack[band] ? attack_colour : fault_colour) fillstyle solid 1.0 noborder
        set label 10 + band band_name[band] at band_from[band] / unit_s, graph 0.99 left offset 0.3, -0.6 \
            font small_font textcolor rgb '#444444'
    }
    if (deadline[panel] == deadline[panel]) {
        set arrow from graph 0, first deadline[panel] to graph 1, first deadline[panel] nohead back \
            linestyle 7 linewidth 1
    }
    plot [0 : end / unit_s] data index panel - 1 \
        using ($1 / unit_s):3 with lines linestyle 2 dashtype 1 linewidth 1, \
        '' index panel - 1 using ($1 / unit_s):($4 == 1 ? $3 : NaN) with points linestyle 2, \
        '' index panel - 1 using ($1 / unit_s):2 with lines linestyle 1 linewidth 1, \
        '' index panel - 1 using ($1 / unit_s):($4 == 1 ? $2 : NaN) with points linestyle 1 pointsize 0.3
    unset label 1
}
unset label
unset object
unset arrow
unset logscale
unset border
unset tics
unset xlabel
unset ylabel
unset title
set lmargin at screen 12.0 / width
set rmargin at screen 1.0 - 12.0 / width
set bmargin at screen 22.0 / height
set tmargin at screen (22.0 + legend_height) / height
set key center center horizontal samplen 2 font key_font
set yrange [0 : 1]
attacks = 0
do for [band = 1 : bands] { attacks = attacks + band_is_attack[band] }
plot [0 : 1] NaN with linespoints linestyle 1 title 'p50', NaN with linespoints linestyle 2 dashtype 1 title 'p99', \
    NaN with lines linestyle 7 linewidth 1 title 'deadline', \
    NaN with boxes fillcolor rgb attack_colour title attacks > 0 ? 'attack' : '', \
    NaN with boxes fillcolor rgb fault_colour title bands > attacks ? 'fault' : ''
unset multiplot
set output
