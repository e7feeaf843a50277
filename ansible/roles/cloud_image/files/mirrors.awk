# Has the sources of packages name files with mirrors in them, as Debian's images for clouds do.
/^URIs:/ {
  file = "/etc/apt/mirrors/" (count++ ? "debian-security" : "debian") ".list"
  print $2 > file
  print "URIs: mirror+file://" file
  next
}
{ print }
