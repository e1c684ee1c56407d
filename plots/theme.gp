# What all figures share: terminal, size, type, colours, dashes and points, axes of times.
# Given by the figure before it loads this: width, height (in CSS pixels), output_name (without its ending).
# Given by the caller, if at all: format = 'svg' (default) or 'png'.

if (!exists('format')) format = 'svg'
if (format eq 'png') {
    set terminal pngcairo noenhanced size 2 * width, 2 * height font 'Helvetica,9' fontscale 2 linewidth 2 pointscale 2
} else {
    set terminal svg noenhanced size width, height font 'Helvetica,Arial,sans-serif,12' background '#ffffff' name 'lazaret'
}
set encoding utf8
# The PNG counts points where the SVG counts pixels.
title_font = format eq 'png' ? ',9.75' : ',13'
key_font = format eq 'png' ? ',8.5' : ',11'
small_font = format eq 'png' ? ',7.5' : ',10'
set output output_name . '.' . format

# Wong's colours (Nature Methods 8, 441, 2011), told apart by people of all colour vision, strongest first; each with a
# dash and a point type of its own, so that a print in grey can be read as well.
set style line 1 linecolor rgb '#0072b2' linewidth 2 dashtype 1 pointtype 7 pointsize 0.5
set style line 2 linecolor rgb '#d55e00' linewidth 2 dashtype (9, 3) pointtype 5 pointsize 0.5
set style line 3 linecolor rgb '#009e73' linewidth 2 dashtype (9, 3, 2, 3) pointtype 9 pointsize 0.6
set style line 4 linecolor rgb '#cc79a7' linewidth 2 dashtype (4, 3) pointtype 11 pointsize 0.6
set style line 5 linecolor rgb '#e69f00' linewidth 2 dashtype (2, 2) pointtype 13 pointsize 0.6
set style line 6 linecolor rgb '#56b4e9' linewidth 2 dashtype (14, 4) pointtype 4 pointsize 0.6
set style line 7 linecolor rgb '#000000' linewidth 2 dashtype (12, 3, 2, 3, 2, 3) pointtype 6 pointsize 0.6
styles = 7

muted = '#666666'
attack_colour = '#f7d9c4'
fault_colour = '#d3dde6'

set border 3 linecolor rgb muted
set tics nomirror out scale 0.6 textcolor rgb '#333333'
set grid xtics ytics linecolor rgb '#dcdcdc' linewidth 0.8 dashtype 1
set style fill solid 1.0 noborder
unset key

# Decades of seconds as people write them: 100 us, 1 ms, 10 ms, 1 s. Whoever draws sets the range.
time_ticks = "('1 us' 1e-6, '10 us' 1e-5, '100 us' 1e-4, '1 ms' 1e-3, '10 ms' 1e-2, '100 ms' 1e-1, '1 s' 1, '10 s' 10, '100 s' 100, '1000 s' 1000)"
minor_time_ticks = ''
do for [decade = -6 : 2] {
    do for [digit = 2 : 9] {
        minor_time_ticks = minor_time_ticks . sprintf("%s'' %de%d 1", strlen(minor_time_ticks) ? ', ' : '', digit, decade)
    }
}

# A range around low and high (seconds) that begins and ends at 1, 2 or 5 of a decade.
decade_of(x) = 10.0 ** floor(log10(x) + 1e-9)
lower_of(x) = x >= 5 * decade_of(x) ? 5 * decade_of(x) : x >= 2 * decade_of(x) ? 2 * decade_of(x) : decade_of(x)
upper_of(x) = x <= 1.0001 * decade_of(x) ? decade_of(x) : x <= 2 * decade_of(x) ? 2 * decade_of(x) : x <= 5 * decade_of(x) ? 5 * decade_of(x) : 10 * decade_of(x)
