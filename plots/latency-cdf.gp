# Latency from creation to delivery: the share of messages that have arrived within a time, one panel per fleet, one
# curve per flow. The scale of shares counts nines, so that the tail is as wide as the body; thin vertical lines are
# the flows' deadlines. Data: one block per curve; seconds, share of messages that took longer.
# Given by the run: data, output_name, caption, panels, panel_title[], panel_first[] (its first curve; one more at the
# end), curve_label[], deadline[] (seconds or NaN), low, high (seconds), nines (how many the scale shows).

columns = panels > 1 ? 2 : 1
rows = (panels + columns - 1) / columns
lines_of(panel) = panel_first[panel + 1] - panel_first[panel]
lines_max = 1
do for [panel = 1 : panels] { lines_max = lines_of(panel) > lines_max ? lines_of(panel) : lines_max }
curve_height = 200
row_height = 30 + curve_height + 60 + 17 * lines_max
width = columns == 1 ? 560 : 900
height = rows * row_height + 30
load 'plots/lib/theme.gp'

set multiplot
set logscale x
set xrange [lower_of(low) : upper_of(1.1 * high)]
eval 'set xtics ' . time_ticks
eval 'set xtics add (' . minor_time_ticks . ')'
set yrange [0 : nines]
set ytics ('0 %%' 0, '50 %%' 0.30103, '90 %%' 1, '99 %%' 2, '99.9 %%' 3, '99.99 %%' 4)
set xlabel 'latency' offset 0, 0.3
set ylabel 'arrived within' offset 0.5, 0
set key at graph 0, graph -0.23 left top Left reverse samplen 3 spacing 1.1 font key_font
set label 1 caption at screen 12.0 / width, screen 12.0 / height left font small_font textcolor rgb muted
style_of(curve) = (curve - panel_first[panel]) % styles + 1
do for [panel = 1 : panels] {
    row = (panel - 1) / columns
    column = (panel - 1) % columns
    set lmargin at screen (column + 0.0) / columns + 78.0 / width
    set rmargin at screen (column + 1.0) / columns - 22.0 / width
    set tmargin at screen 1.0 - (row * row_height + 30.0) / height
    set bmargin at screen 1.0 - (row * row_height + 30.0 + curve_height) / height
    set title panel_title[panel] font title_font offset 0, -0.4
    unset arrow
    do for [curve = panel_first[panel] : panel_first[panel + 1] - 1] {
        if (deadline[curve] == deadline[curve]) {
            set arrow from deadline[curve], graph 0 to deadline[curve], graph 1 nohead back \
                linestyle style_of(curve) linewidth 1
        }
    }
    plot for [curve = panel_first[panel] : panel_first[panel + 1] - 1] data index curve - 1 \
        using 1:(-log10($2)) with lines linestyle style_of(curve) title curve_label[curve]
    unset label 1
}
unset multiplot
set output
