# Spread of TLS handshake times and of the times from SYN to the application's acceptance, one row per fleet: a thin
# line from minimum to maximum, a thick one from p10 to p90, a point at p50, a tick at p99. Data: two blocks
# (handshakes, connections); row from the top, then min, p10, p50, p90, p99, max in seconds.
# Given by the run: data, output_name, caption, rows, row_label[], low, high (seconds).

width = 900
height = 44 * rows + 110
load 'plots/lib/theme.gp'

set logscale x
set xrange [lower_of(low) : upper_of(high)]
eval 'set xtics ' . time_ticks
eval 'set xtics add (' . minor_time_ticks . ')'
set yrange [rows + 0.6 : 0.4]
unset ytics
do for [row = 1 : rows] { set label 1 + row row_label[row] at graph 0, first row right offset -1, 0 }
set lmargin at screen 0.34
unset grid
set grid xtics
set border 1
set xlabel 'virtual time' offset 0, 0.2
set label 1 caption at screen 12.0 / width, screen 12.0 / height left font small_font textcolor rgb muted
set bmargin at screen 62.0 / height
set rmargin at screen 1.0 - 22.0 / width
set key at screen 0.98, screen 1.0 - 16.0 / height right center horizontal samplen 2 font key_font
set tmargin at screen 1.0 - 30.0 / height

up = -0.14
down = 0.14
plot \
    data index 0 using 2:($1 + up):($7 - $2):(0) with vectors nohead linecolor rgb '#0072b2' linewidth 1 notitle, \
    data index 0 using 3:($1 + up):($5 - $3):(0) with vectors nohead linecolor rgb '#0072b2' linewidth 5 notitle, \
    data index 0 using 6:($1 + up - 0.09):(0):(0.18) with vectors nohead linecolor rgb '#0072b2' linewidth 2 notitle, \
    data index 0 using 4:($1 + up) with points pointtype 7 pointsize 1 linecolor rgb '#0072b2' \
        title 'TLS handshake (p50)', \
    data index 1 using 2:($1 + down):($7 - $2):(0) with vectors nohead linecolor rgb '#d55e00' linewidth 1 notitle, \
    data index 1 using 3:($1 + down):($5 - $3):(0) with vectors nohead linecolor rgb '#d55e00' linewidth 5 notitle, \
    data index 1 using 6:($1 + down - 0.09):(0):(0.18) with vectors nohead linecolor rgb '#d55e00' linewidth 2 notitle, \
    data index 1 using 4:($1 + down) with points pointtype 5 pointsize 1 linecolor rgb '#d55e00' \
        title 'SYN to CONNACK (p50)', \
    data index 0 using 4:($1 + up) with points pointtype 7 pointsize 0.5 linecolor rgb '#ffffff' notitle, \
    data index 1 using 4:($1 + down) with points pointtype 5 pointsize 0.4 linecolor rgb '#ffffff' notitle
set output
